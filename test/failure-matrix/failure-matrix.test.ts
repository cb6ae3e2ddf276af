import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../src/chat/chat-event.ts'
import { errorCodeOf, isMollmrError } from '../../src/chat/errors.ts'
import { errorResponseOf } from '../../src/gateway/error-response.ts'
import { strategyNames, type StrategyName } from '../../src/mixture/strategies/strategies.ts'
import { lastTextOf } from '../../src/testing/ask-model.ts'
import { aggregateName, type Expectation, gather, limits, type MatrixCase, sayingOf } from './oracle.ts'
import { type Played, playCase } from './play-case.ts'
import { aggregateKinds, nameOf, upstreamFailures, type WorkerCase, workerKinds } from './timeline.ts'
import { expectationOf } from './ways.ts'

const casesPerStrategy = 2000
/** Played at the same time: the clocks are each case's own. */
const batch = 50

const failure = fc.constantFrom(...upstreamFailures)
const worker: fc.Arbitrary<WorkerCase> = fc.record({
  kind: fc.oneof(
    { weight: 1, arbitrary: fc.constant('ok' as const) },
    { weight: 4, arbitrary: fc.constantFrom(...workerKinds) },
  ),
  code: failure,
  stance: fc.constantFrom('A' as const, 'B' as const, null),
  pace: fc.integer({ min: 10, max: 90 }),
})

/** Half a millisecond beside everything else that happens. */
const leaving = (max: number): fc.Arbitrary<number> => fc.nat(max).map((ms) => ms + 0.5)

const matrixCase: fc.Arbitrary<MatrixCase> = fc.array(worker, { minLength: 1, maxLength: 5 }).chain((workers) =>
  fc.record({
    workers: fc.constant(workers),
    quorum: fc.integer({ min: 1, max: workers.length }),
    aggregates: fc.array(fc.record({ kind: fc.constantFrom(...aggregateKinds), code: failure }), {
      minLength: 1,
      maxLength: 2,
    }),
    alwaysAggregate: fc.boolean(),
    streamed: fc.boolean(),
    leavesAtMs: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, leaving(1000), leaving(6000), leaving(60_000)),
  }),
)

/** The same cases in every run, each at once with others, because a case costs mostly turns of the loop. */
function generate(seed: number): readonly MatrixCase[] {
  return [...everyLoneWorker(), ...everyUnanimity(), ...fc.sample(matrixCase, { numRuns: casesPerStrategy, seed })]
}

/** Every kind of worker alone before every kind of aggregate, streamed and not. */
function everyLoneWorker(): MatrixCase[] {
  return workerKinds.flatMap((kind) =>
    aggregateKinds.flatMap((aggregateKind) =>
      [true, false].map((streamed) => ({
        workers: [{ kind, code: 'upstream_error', stance: null, pace: 20 }],
        quorum: 1,
        aggregates: [{ kind: aggregateKind, code: 'upstream_reset' }],
        alwaysAggregate: true,
        streamed,
        leavesAtMs: null,
      })),
    ),
  )
}

/** Every class of failure in all workers at once, and in the aggregate after good drafts. */
function everyUnanimity(): MatrixCase[] {
  return upstreamFailures.flatMap((code) =>
    (['failing', 'ok'] as const).map((kind) => ({
      workers: [20, 30, 40].map((pace) => ({ kind, code, stance: null, pace })),
      quorum: 2,
      aggregates: [{ kind: 'fails before', code }],
      alwaysAggregate: false,
      streamed: true,
      leavesAtMs: null,
    })),
  )
}

async function playAll(
  strategy: StrategyName,
  check: (matrixCase: MatrixCase, played: Played) => void,
): Promise<number> {
  const cases = generate(strategyNames.indexOf(strategy) + 1)
  for (let from = 0; from < cases.length; from += batch) {
    const played = await Promise.all(
      cases.slice(from, from + batch).map(async (each) => [each, await playCase(strategy, each)] as const),
    )
    for (const [each, result] of played) {
      try {
        check(each, result)
      } catch (error) {
        throw new Error(`${strategy}: ${JSON.stringify(each)}`, { cause: error })
      }
    }
  }
  return cases.length
}

describe.each(strategyNames)('%s, whatever its workers and its aggregate do', (strategy) => {
  it('does what its description says', async () => {
    const count = await playAll(strategy, (each, played) => {
      holdsForAll(each, played)
      const expected = expectationOf(strategy, each)
      if (expected) expect(seen(played)).toEqual(foreseen(expected, each, played))
      if (expected) showsEachDraftOnce(strategy, each, played)
    })
    expect(count).toBeGreaterThan(casesPerStrategy)
  }, 60_000)
})

it('knows every kind of worker, of aggregate and of failure, streamed and not, with the quorum met and not', () => {
  const cases = generate(1)
  const places = cases.flatMap(({ workers, aggregates, streamed }) => [
    ...workers.flatMap(({ kind, code }) => [`worker ${kind} ${streamed}`, `worker ${code}`]),
    ...aggregates.flatMap(({ kind, code }) => [`aggregate ${kind} ${streamed}`, `aggregate ${code}`]),
  ])
  const wanted = [
    ...workerKinds.flatMap((kind) => [`worker ${kind} true`, `worker ${kind} false`]),
    ...aggregateKinds.flatMap((kind) => [`aggregate ${kind} true`, `aggregate ${kind} false`]),
    ...upstreamFailures.flatMap((code) => [`worker ${code}`, `aggregate ${code}`]),
  ]
  expect(wanted.filter((place) => !places.includes(place))).toEqual([])
  for (const n of [1, 2, 3, 4, 5]) {
    const met = cases
      .filter(({ workers }) => workers.length === n)
      .map((each) => gather(each).drafts.length >= each.quorum)
    expect(new Set(met).size).toBe(2)
  }
})

/** What holds for every strategy, also for one that has no expectation of its own. */
function holdsForAll(
  each: MatrixCase,
  { events, error, calls, ledger, pendingAlarms, openSpans, endedAtMs }: Played,
): void {
  expect(calls.filter(({ outcome }) => outcome === 'running')).toEqual([])
  expect(calls.every(({ endedAtMs: end }) => end !== null && end <= endedAtMs)).toBe(true)
  expect(endedAtMs).toBeLessThanOrEqual(limits.totalMs + 2 * each.aggregates.length + 2)
  expect([pendingAlarms, openSpans]).toEqual([0, 0])
  expect(ledger.map(({ requested }) => requested).sort()).toEqual(calls.map(({ model }) => model).sort())
  for (const { outcome, requested } of ledger)
    if (outcome === 'ok')
      expect(calls.some(({ model, outcome: end }) => model === requested && end === 'ok')).toBe(true)
  expect(isMollmrError(error) || error === undefined).toBe(true)
  expect(events.filter(({ type }) => type === 'end')).toHaveLength(error === undefined ? 1 : 0)
  if (error === undefined) expect(events.at(-1)?.type).toBe('end')
  expect(finishReasonsOf(events)).toHaveLength(error === undefined ? 1 : 0)
  expect(new Set(headsOf(events)).size).toBeLessThanOrEqual(1)
  const text = textOf(events)
  const whole = each.aggregates.map((_, index) => sayingOf({ answer: index }))
  if (error === undefined) expect([...whole, ...everyDraftOf(each)].some((one) => one === text)).toBe(true)
  else expect(text === '' || whole.some((one) => one.startsWith(text))).toBe(true)
}

/** Every text that could be a draft in any round: what each worker says whole, and its beginnings long enough to use. */
function everyDraftOf(each: MatrixCase): readonly string[] {
  const atAnyTime = each.workers.map((_, position) => gather({ ...each, workers: each.workers, quorum: position + 1 }))
  return atAnyTime.flatMap(({ drafts }) => drafts.map(({ text }) => text))
}

/** What there is to see of a played case, in the words of the oracle. */
function seen({ events, error, endedAtMs, calls, ledger, attributes }: Played): object {
  const rows = new Map(
    ledger.map((row) => [row.requested, ledger.filter(({ requested }) => requested === row.requested)]),
  )
  const text = textOf(events)
  return {
    calls: calls
      .map(({ model, startedAtMs, endedAtMs: endsAtMs, outcome }) => ({
        model,
        startsAtMs: startedAtMs,
        endsAtMs,
        outcome: rows.get(model)?.shift()?.outcome,
        isAborted: outcome === 'aborted',
      }))
      .sort(byStart),
    end:
      error === undefined
        ? { atMs: endedAtMs, text, finishReason: finishReasonsOf(events)[0] }
        : { atMs: endedAtMs, code: errorCodeOf(error), status: errorResponseOf(error).status, said: text },
    degraded: attributes.degraded,
  }
}

/** Where the client left, what it had of the answer by then is a beginning of it. */
function foreseen(
  { calls, end, degraded }: Expectation,
  { streamed }: MatrixCase,
  { events, attributes }: Played,
): object {
  const foreseenCalls = [...calls].sort(byStart)
  if (!('said' in end)) return { calls: foreseenCalls, end, degraded }
  const text = textOf(events)
  const hasLeft = end.code === 'client_closed' && end.said.startsWith(text)
  const said = hasLeft ? text : streamed ? end.said : ''
  return { calls: foreseenCalls, end: { ...end, said }, degraded: hasLeft ? attributes.degraded : degraded }
}

function byStart(a: { startsAtMs: number; model: string }, b: { startsAtMs: number; model: string }): number {
  return a.startsAtMs - b.startsAtMs || (a.model < b.model ? -1 : Number(a.model > b.model))
}

const showsAll: ReadonlySet<StrategyName> = new Set<StrategyName>(['synthesize', 'deliberate'])

/** In each block that an aggregate was given, every draft that it is shown stands once and no other does. */
function showsEachDraftOnce(strategy: StrategyName, each: MatrixCase, { calls }: Played): void {
  const { drafts } = gather(each)
  const asked = calls.filter(({ model }) => each.aggregates.some((_, index) => aggregateName(index) === model))
  for (const { request } of asked) {
    const block = lastTextOf(request)
    for (const position of each.workers.keys()) {
      const usable = drafts.some((draft) => draft.position === position)
      const fenced = [...block.matchAll(/ begins\]\n([^]*?)\n\[[0-9a-f]{32} /g)].map(([, text = '']) => text)
      const holding = fenced.filter((text) => text.includes(nameOf(position)))
      expect(holding.length).toBeLessThanOrEqual(usable ? 1 : 0)
      if (usable && showsAll.has(strategy)) expect(holding).toHaveLength(1)
    }
  }
}

function textOf(events: readonly ChatEvent[]): string {
  return events
    .map((event) => {
      if (event.type === 'chunk') return event.chunk.choices.map(({ delta }) => delta.content ?? '').join('')
      return event.type === 'completion' ? (event.completion.choices[0]?.message.content ?? '') : ''
    })
    .join('')
}

function finishReasonsOf(events: readonly ChatEvent[]): readonly string[] {
  const choices = events.flatMap((event): readonly { readonly finish_reason: string | null }[] => {
    if (event.type === 'chunk') return event.chunk.choices
    return event.type === 'completion' ? event.completion.choices : []
  })
  return choices.flatMap(({ finish_reason }) => finish_reason ?? [])
}

function headsOf(events: readonly ChatEvent[]): readonly string[] {
  const bodies = events.flatMap((event) =>
    event.type === 'chunk' ? event.chunk : event.type === 'completion' ? event.completion : [],
  )
  return bodies.map(({ id, model }) => `${id} ${model}`)
}
