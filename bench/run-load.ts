import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { cores } from './cores.ts'

/** One run of the load generator: what it sends, how many at a time, and when it stops. */
export interface Load {
  readonly model: string
  readonly connections: number
  readonly streamed?: boolean
  /** Stops after this time, when what runs has ended. */
  readonly seconds?: number
  /** Stops after so many requests. */
  readonly requests?: number
  /** Connections opened a second; without it all at once. */
  readonly connectsPerSecond?: number
}

export interface LoadTarget {
  readonly port: number
  readonly headers: readonly string[]
}

const spread = z.object({ p50: z.number(), p99: z.number() }).default({ p50: NaN, p99: NaN })
const loadResult = z.object({
  reqs: z.number(),
  errs: z.number(),
  bad: z.number(),
  rps: z.number(),
  chunks: z.number(),
  /** What a reply took beyond what the upstream says it waited. */
  added: spread,
  /** From the upstream's write of a chunk to its arrival. */
  chunkdelay: spread,
  /** First byte of a mixture's answer beyond the slowest worker plus the aggregate's own wait. */
  ideal_over: spread,
})

/** What the load generator prints: counts, and spreads in microseconds, NaN where the load has no such thing. */
export type LoadResult = z.infer<typeof loadResult>

/** @throws where a request failed or was refused: a fast error is not a fast answer */
export async function runLoad(binary: string, target: LoadTarget, load: Load): Promise<LoadResult> {
  const child = spawn('taskset', ['-c', cores.load, binary, ...argumentsOf(target, load)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)])
  const result = loadResult.parse(JSON.parse(output))
  if (result.errs + result.bad === 0) return result
  throw new Error(`${load.model}: ${result.errs} connections failed, ${result.bad} bad answers. ${complaints.trim()}`)
}

function argumentsOf({ port, headers }: LoadTarget, load: Load): string[] {
  const words = ['-p', port, '-c', load.connections, '-m', load.model, '-d', load.seconds ?? 60]
  if (load.streamed) words.push('-s')
  if (load.requests !== undefined) words.push('-n', load.requests)
  if (load.connectsPerSecond !== undefined) words.push('-r', load.connectsPerSecond)
  return [...words.map(String), ...headers.flatMap((header) => ['-H', header])]
}
