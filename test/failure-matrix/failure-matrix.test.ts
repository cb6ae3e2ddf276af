import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../src/chat/chat-event.ts'
import { errorCodeOf, isMollmrError } from '../../src/chat/errors.ts'
import { errorResponseOf } from '../../src/gateway/error-response.ts'
import { strategyNames, type StrategyName } from '../../src/mixture/strategies/strategies.ts'
import { lastTextOf } from '../../src/testing/ask-model.ts'
import { seed } from '../seed.ts'
import { aggregateName, type Expectation, type ExpectedDraft, limits, type MatrixCase, sayingOf } from './oracle.ts'
import { type Played, playCase } from './play-case.ts'
import { aggregateKinds, upstreamFailures, type WorkerCase, workerKinds } from './timeline.ts'
import { expectationOf } from './ways.ts'

const casesPerStrategy = 1500
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

const panel = fc.record({
  count: fc.integer({ min: 1, max: 5 }),
  layers: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.constantFrom(2, 3) }),
})

const exactly = <T>(arbitrary: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { minLength: length, maxLength: length })

const matrixCase: fc.Arbitrary<MatrixCase> = panel.chain(({ count, layers }) =>
  fc.record({
    rounds: exactly(exactly(worker, count), layers),
    quorum: fc.integer({ min: 1, max: count }),
    minWorkers: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, fc.integer({ min: 0, max: count })),
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
  return [
    ...everyLoneWorker(),
    ...everyUnanimity(),
    ...everySecondRound(),
    ...fc.sample(matrixCase, { numRuns: casesPerStrategy, seed }),
  ]
}

/** Every kind of worker alone before every kind of aggregate, streamed and not. */
function everyLoneWorker(): MatrixCase[] {
  return workerKinds.flatMap((kind) =>
    aggregateKinds.flatMap((aggregateKind) =>
      [true, false].map((streamed) => ({
        rounds: [[{ kind, code: 'upstream_error', stance: null, pace: 20 }]],
        quorum: 1,
        minWorkers: 1,
        aggregates: [{ kind: aggregateKind, code: 'upstream_reset' }],
        alwaysAggregate: true,
        streamed,
        leavesAtMs: null,
      })),
    ),
  )
}

/**
 * Every class of failure in all workers at once, whether the aggregate may then answer alone or not, and in the aggregate
 * after good drafts.
 */
function everyUnanimity(): MatrixCase[] {
  const ways = [
    ['failing', 1, 'fails before'],
    ['failing', 0, 'answers'],
    ['ok', 1, 'fails before'],
  ] as const
  return upstreamFailures.flatMap((code) =>
    ways.map(([kind, minWorkers, aggregate]) => ({
      rounds: [[20, 30, 40].map((pace) => ({ kind, code, stance: null, pace }))],
      quorum: 2,
      minWorkers,
      aggregates: [{ kind: aggregate, code }],
      alwaysAggregate: false,
      streamed: true,
      leavesAtMs: null,
    })),
  )
}

/** Every kind of worker in the second of two rounds, after good drafts: alone with its kind, or with one that is well. */
function everySecondRound(): MatrixCase[] {
  const acting = (kind: WorkerCase['kind'], pace: number): WorkerCase => ({
    kind,
    code: 'upstream_error',
    stance: 'A',
    pace,
  })
  return workerKinds.flatMap((kind) =>
    ([kind, 'ok'] as const).map((other) => ({
      rounds: [
        [acting('ok', 20), acting('ok', 30)],
        [acting(kind, 40), acting(other, 50)],
      ],
      quorum: 2,
      minWorkers: other === 'ok' ? 2 : 1,
      aggregates: [{ kind: 'answers', code: 'upstream_reset' }],
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
  const cases = generate(strategyNames.length * (seed - 1) + strategyNames.indexOf(strategy) + 1)
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
      expect(seen(played)).toEqual(foreseen(expected, each, played))
      showsEachDraftOnce(strategy, expected, played)
    })
    expect(count).toBeGreaterThan(casesPerStrategy)
  }, 60_000)
})

it('knows every kind of worker, of aggregate and of failure, streamed and not, with the quorum met and not', () => {
  const cases = generate(1)
  const places = cases.flatMap(({ rounds, aggregates, streamed }) => [
    ...rounds.flat().flatMap(({ kind, code }) => [`worker ${kind} ${streamed}`, `worker ${code}`]),
    ...aggregates.flatMap(({ kind, code }) => [`aggregate ${kind} ${streamed}`, `aggregate ${code}`]),
  ])
  const wanted = [
    ...workerKinds.flatMap((kind) => [`worker ${kind} true`, `worker ${kind} false`]),
    ...aggregateKinds.flatMap((kind) => [`aggregate ${kind} true`, `aggregate ${kind} false`]),
    ...upstreamFailures.flatMap((code) => [`worker ${code}`, `aggregate ${code}`]),
  ]
  expect(wanted.filter((place) => !places.includes(place))).toEqual([])
  for (const count of [1, 2, 3, 4, 5])
    for (const layers of [1, 2, 3]) {
      const ends = cases
        .filter(({ rounds }) => rounds.length === layers && rounds[0]?.length === count)
        .map((each) => expectationOf('synthesize', each))
      expect(new Set(ends.map(({ end }) => 'text' in end)).size).toBe(2)
      expect(new Set(ends.map(({ degraded }) => degraded)).size).toBeGreaterThan(1)
    }
})

/** What holds whatever is expected. */
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
  if (error !== undefined) {
    const whole = each.aggregates.map((_, index) => sayingOf({ answer: index }))
    expect(text === '' || whole.some((one) => one.startsWith(text))).toBe(true)
  }
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

/** Whoever is asked after a round is shown each of its drafts once and nothing else; of a few strategies only some. */
function showsEachDraftOnce(strategy: StrategyName, { drafts }: Expectation, { calls }: Played): void {
  const rounds = new Map<string, number>()
  for (const { model, request } of calls) {
    const round = rounds.get(model) ?? 0
    rounds.set(model, round + 1)
    const isAggregate = model === aggregateName(0) || model === aggregateName(1)
    const wanted = [...((isAggregate ? drafts.at(-1) : drafts[round - 1]) ?? [])]
    for (const text of fencedIn(lastTextOf(request))) {
      const found = wanted.findIndex((draft) => isShownAs(draft, text))
      expect(found, `a draft that is to be shown: ${text}`).not.toBe(-1)
      wanted.splice(found, 1)
    }
    if (!isAggregate || showsAll.has(strategy)) expect(wanted).toEqual([])
  }
}

function fencedIn(prompt: string): readonly string[] {
  return [...prompt.matchAll(/ begins\]\n([^]*?)\n\[[0-9a-f]{32} /g)].map(([, text = '']) => text)
}

/** By its letters: what becomes of the rest has tests of its own. Where there is no room, the middle is left out. */
function isShownAs({ text }: ExpectedDraft, shown: string): boolean {
  const [head = '', tail] = shown.split(/\[… .* …\]/).map(lettersOf)
  const letters = lettersOf(text)
  return tail === undefined ? letters === head : letters.startsWith(head) && letters.endsWith(tail)
}

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}]/gu, '')
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
