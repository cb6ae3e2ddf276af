/** Puts a case on the stage: a real mixture over actors, on a clock that stands still until it is moved. */
import type { ChatEvent } from '../../src/chat/chat-event.ts'
import type { LedgerRow, SpanAttributes } from '../../src/chat/call-context.ts'
import type { ChatModel } from '../../src/chat/chat-model.ts'
import { type ChatRequest, createChatRequest } from '../../src/chat/chat-request.ts'
import { CancelledError } from '../../src/chat/errors.ts'
import { createMixture } from '../../src/mixture/mixture.ts'
import type { StrategyName } from '../../src/mixture/strategies/strategies.ts'
import { lastTextOf } from '../../src/testing/ask-model.ts'
import { FakeClock, settlePromises } from '../../src/testing/fake-clock.ts'
import { createCallContext } from '../../src/trace/call-context.ts'
import { recordCalls } from '../../src/trace/record-calls.ts'
import { createTrace } from '../../src/trace/trace.ts'
import { type CallRecord, createActor } from './actor.ts'
import { aggregateName, limits, type MatrixCase, sayingOf, type Wanted } from './oracle.ts'
import { aggregateTimeline, nameOf, type Timeline, workerTimeline } from './timeline.ts'

export interface Played {
  readonly events: readonly ChatEvent[]
  /** What was thrown; undefined where nothing was. */
  readonly error: unknown
  /** When the client had the end of its answer, or the error. */
  readonly endedAtMs: number
  readonly calls: readonly CallRecord[]
  readonly ledger: readonly LedgerRow[]
  readonly attributes: SpanAttributes
  /** Below the root, in the end. */
  readonly openSpans: number
  /** Alarms that nobody had taken back by then. */
  readonly pendingAlarms: number
}

/** Longer than any case can last. */
const wholeShowMs = 600_000

export async function playCase(strategy: StrategyName, matrixCase: MatrixCase): Promise<Played> {
  const clock = new FakeClock()
  const client = new AbortController()
  const calls: CallRecord[] = []
  const trace = createTrace('case', clock)
  const { firstContentMs, idleMs } = limits.aggregate
  const context = createCallContext({ trace, clock, limits: { firstContentMs, idleMs }, signal: client.signal })
  const events: ChatEvent[] = []
  const stay = clock.after(matrixCase.leavesAtMs ?? Infinity, () => {
    client.abort(new CancelledError())
  })
  let error: unknown
  let endedAtMs = NaN
  let pendingAlarms = NaN
  const listen = async (): Promise<void> => {
    try {
      const request = questionOf(matrixCase)
      for await (const event of mixtureOf(strategy, matrixCase, calls).chat(request, context)) events.push(event)
    } catch (thrown) {
      error = thrown
    }
    endedAtMs = clock.now()
    stay()
    pendingAlarms = clock.pending
  }
  void listen()
  await clock.advance(wholeShowMs)
  await settlePromises()
  return {
    events,
    error,
    endedAtMs,
    calls,
    ledger: trace.ledger(),
    attributes: trace.attributes,
    openSpans: trace.spans().filter(({ stage, endedMs }) => stage !== 'request' && endedMs === null).length,
    pendingAlarms,
  }
}

function mixtureOf(strategy: StrategyName, matrixCase: MatrixCase, calls: CallRecord[]): ChatModel {
  const { rounds, aggregates, quorum, minWorkers, alwaysAggregate } = matrixCase
  const [first = []] = rounds
  const workerModels = first.map((worker, position) => {
    // It is asked once in each round, in the last perhaps not at all.
    const timelines = rounds.map((workers) => workerTimeline(workers[position] ?? worker, position))
    const timelineOf = (): Timeline => timelines.shift() ?? workerTimeline(worker, position)
    return createActor({ id: nameOf(position), timelineOf, calls })
  })
  const [aggregate, ...aggregateFallbacks] = aggregates.map((each, index) => {
    const timelineOf = (request: ChatRequest) => aggregateTimeline(each, sayingOf(wantedBy(request, index)))
    return recordCalls(createActor({ id: aggregateName(index), timelineOf, calls }))
  })
  if (!aggregate) throw new RangeError('A case needs an aggregate.')
  return createMixture({
    id: 'mix',
    workers: workerModels.map(recordCalls),
    aggregate,
    aggregateFallbacks,
    strategy,
    layers: rounds.length,
    quorum,
    minWorkers,
    alwaysAggregate,
    graceMs: limits.graceMs,
    workerDeadline: limits.worker,
    deadline: { totalMs: limits.totalMs },
  })
}

function questionOf({ streamed }: MatrixCase): ChatRequest {
  const messages = [{ role: 'user', content: 'What is to be said about it?' }]
  return createChatRequest({ model: 'mix', messages, stream: streamed })
}

/** Asked for a number, it names the draft of the last worker among those that it is shown; else it answers. */
function wantedBy(request: ChatRequest, index: number): Wanted {
  const prompt = lastTextOf(request)
  if (!prompt.includes('{"draft": NUMBER}')) return { answer: index }
  const shown = [...prompt.matchAll(/ Draft (\d+)[^\n]* begins\]\n([^]*?)\n\[[0-9a-f]{32} /g)]
  const places = shown.map(([, number, text = '']) => ({
    number: Number(number),
    position: [0, 1, 2, 3, 4].find((position) => text.includes(nameOf(position))) ?? -1,
  }))
  const last = places.sort((a, b) => b.position - a.position)[0]
  return { choice: last?.number ?? 0 }
}
