/**
 * The part of V8's heap where objects begin. Reading code and config makes garbage that V8 answers with 30 MB of it, which
 * it never gives back: an idle gateway would hold them for nothing. So it grows only once there are requests to serve.
 */
import v8 from 'node:v8'

/** Keeps the young space as small as it is; call before anything large is loaded. */
export function holdYoungSpace(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1')
}

/** Lets it grow with the load, as V8 does by default. */
export function releaseYoungSpace(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=2')
}
