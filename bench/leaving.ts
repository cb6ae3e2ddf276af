/**
 * How soon nobody works any more for a caller who has left: from its leaving to the close of the last upstream connection
 * that was busy for it, in each phase of a request. The models are those of bench/config.yaml whose names begin with `left`.
 */
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'
import { startChaosUpstream } from '../src/testing/chaos-upstream.ts'

/** Where a request is when its caller leaves. */
interface Phase {
  readonly model: string
  /** Calls that hang by then. */
  readonly hanging: number
  /** Asked in turn with and without `stream`, or always so. */
  readonly streamed: 'both' | boolean
  /** True where the caller has seen some of the answer. */
  readonly hasBegun?: boolean
}

export const leavingPhases = {
  workers: { model: 'left-at-workers', hanging: 3, streamed: 'both' },
  'aggregate before content': { model: 'left-at-aggregate', hanging: 1, streamed: 'both' },
  'aggregate in mid-stream': { model: 'left-in-answer', hanging: 1, streamed: true, hasBegun: true },
  router: { model: 'router', hanging: 1, streamed: 'both' },
  'bypass, streamed': { model: 'left-stalling', hanging: 1, streamed: true, hasBegun: true },
  'bypass, not streamed': { model: 'left-silent-1', hanging: 1, streamed: false },
} as const satisfies Readonly<Record<string, Phase>>

export type LeavingPhase = keyof typeof leavingPhases

export const leavingPhaseNames = Object.keys(leavingPhases) as readonly LeavingPhase[]

/** What every answer of the upstream begins with. */
const beginning = 'Forty-two'
const patienceMs = 10_000

/** The upstream of the models that are left: by their names they answer, stay silent, or stall after their first words. */
export interface LeftUpstream {
  /** With the `/v1` that clients are given. */
  readonly baseUrl: string
  /** Resolves when so many calls hang. Rejects after 10 s without a change. */
  untilHanging(count: number): Promise<void>
  close(): Promise<void>
}

export async function startLeftUpstream(): Promise<LeftUpstream> {
  const hanging = new Set<object>()
  const changes = new EventEmitter()
  const upstream = await startChaosUpstream({
    choose: ({ model, socket }) => {
      if (model === 'good') return null
      hanging.add(socket)
      socket.once('close', () => {
        hanging.delete(socket)
        changes.emit('change')
      })
      changes.emit('change')
      return model === 'silent' ? 'hang before headers' : 'hang in mid-answer'
    },
  })
  return {
    baseUrl: upstream.baseUrl,
    untilHanging: async (count) => {
      while (hanging.size !== count) await once(changes, 'change', { signal: AbortSignal.timeout(patienceMs) })
    },
    close: () => upstream.close(),
  }
}

/** Milliseconds from leaving to the last close, once for each time that a caller leaves, one after the other. */
export async function measureLeaving(
  name: LeavingPhase,
  { url, upstream, times }: { readonly url: string; readonly upstream: LeftUpstream; readonly times: number },
): Promise<readonly number[]> {
  const { model, hanging, streamed, hasBegun = false }: Phase = leavingPhases[name]
  const took: number[] = []
  for (let time = 0; time < times; time += 1) {
    const client = await openChaosClient(url)
    const stream = streamed === 'both' ? time % 2 === 0 : streamed
    // Another question each time: who asks the same again and again is turned away by the router.
    const messages = [{ role: 'user', content: `What do the wheels say? ${randomUUID()}` }]
    client.write(writeRequest('/v1/chat/completions', { model, stream, messages }))
    await upstream.untilHanging(hanging)
    if (hasBegun) await client.until(beginning)
    const leftMs = performance.now()
    if (time % 3 === 0) client.reset()
    else client.leave()
    await upstream.untilHanging(0)
    took.push(performance.now() - leftMs)
  }
  return took
}
