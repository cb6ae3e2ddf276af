/** What each strategy makes of the last round. */
import type { ErrorCode } from '../../src/chat/errors.ts'
import type { StrategyName } from '../../src/mixture/strategies/strategies.ts'
import {
  ask,
  type Asked,
  bestOf,
  cutAt,
  cutShort,
  type Expectation,
  type ExpectedDraft,
  finishReasonOf,
  type Life,
  livesOf,
  type MatrixCase,
  sayingOf,
  statusOf,
} from './oracle.ts'
import { type Before, gather, type Gathered, throughRounds } from './rounds.ts'
import type { WorkerCase } from './timeline.ts'

/** What `strategy` must make of a case. */
export function expectationOf(strategy: StrategyName, matrixCase: MatrixCase): Expectation {
  const whole = throughRounds(matrixCase, (workers, before) => ways[strategy](matrixCase, workers, before))
  return cutShort(matrixCase.minWorkers === 0 ? orAlone(matrixCase, whole) : whole, matrixCase.leavesAtMs)
}

/** The same, but where no worker had a draft the aggregate answers without. */
function orAlone(matrixCase: MatrixCase, whole: Expectation): Expectation {
  const { end, calls, drafts } = whole
  // Whatever fails later has drafts of a round behind it.
  if (!('code' in end) || drafts.length > 0) return whole
  const asked = ask(matrixCase, {
    startsAtMs: end.atMs,
    wantedOf: (answer) => ({ answer }),
    streamed: matrixCase.streamed,
    asksAgainAfter: null,
  })
  const degraded = `0/${matrixCase.rounds[0]?.length}`
  return endedBy(asked, { atMs: asked.atMs, calls: [...calls, ...asked.calls], usable: [], drafts, degraded })
}

/** What the aggregate said, or why it said nothing, or no more. */
function endedBy(asked: Asked, after: Gathered): Expectation {
  if (asked.broke) return failure(after, asked.broke, asked.text)
  if (asked.text === null) return failure(after, asked.failed, '')
  return { ...after, end: { atMs: asked.atMs, text: asked.text, finishReason: 'stop' } }
}

type Way = (matrixCase: MatrixCase, workers: readonly WorkerCase[], before: Before) => Expectation

const ways: Readonly<Record<StrategyName, Way>> = {
  synthesize: afterAll((matrixCase, gathered) => soleOf(matrixCase, gathered) ?? written(matrixCase, gathered)),
  select: afterAll((matrixCase, gathered) => chosen(matrixCase, gathered, gathered.usable)),
  vote: afterAll((matrixCase, gathered) => {
    const leaders = leadersOf(gathered.usable)
    return chosen(matrixCase, gathered, leaders.length > 0 ? leaders : gathered.usable)
  }),
  deliberate: afterAll(
    (matrixCase, gathered) => soleOf(matrixCase, gathered) ?? written(matrixCase, afterNotes(matrixCase, gathered)),
  ),
  rank_fuse: afterAll((matrixCase, gathered) => {
    const sole = soleOf(matrixCase, gathered)
    if (sole || gathered.usable.length <= topK) return sole ?? written(matrixCase, gathered)
    return written(matrixCase, afterNotes(matrixCase, gathered), byWorth(gathered.usable).slice(0, topK))
  }),
  cascade,
  race,
}

/** Of a strategy that asks all workers at once and waits for enough of them. */
function afterAll(answer: (matrixCase: MatrixCase, gathered: Gathered) => Expectation): Way {
  return (matrixCase, workers, before) => {
    const { gathered, failed } = gather(matrixCase, livesOf(workers, before.atMs), before)
    return failed ?? answer(matrixCase, gathered)
  }
}

/** Asked first where the config says nothing, or as many as there must be. */
const firstWorkers = 2

/** The others are asked where the first do not agree: as soon as one has failed, else when the last has come. */
function cascade(matrixCase: MatrixCase, workers: readonly WorkerCase[], before: Before): Expectation {
  const count = Math.max(firstWorkers, matrixCase.minWorkers)
  const first = livesOf(workers.slice(0, count), before.atMs)
  const drafts = first.flatMap(({ draft }) => draft ?? [])
  const lastMs = lastEndOf(first)
  if (drafts.length === first.length && doAgree(drafts)) {
    const calls = [...before.calls, ...first.map(({ call }) => call)]
    return forwarded({ ...before, calls, atMs: lastMs }, bestOf(drafts))
  }
  const failedMs = Math.min(...first.flatMap(({ draft, endsAtMs }) => (draft ? [] : [endsAtMs])))
  const escalatesMs = Math.min(failedMs, lastMs)
  const rest = livesOf(workers.slice(count), escalatesMs, first.length)
  const { gathered, failed } = gather(matrixCase, [...first, ...rest], { ...before, atMs: escalatesMs })
  if (failed) return failed
  const leaders = leadersOf(gathered.usable)
  if (leaders.length > 0) return chosen(matrixCase, gathered, leaders)
  return soleOf(matrixCase, gathered) ?? written(matrixCase, gathered)
}

/** The first whole draft is the answer, and the others end with it; without one, everybody has ended. */
function race(matrixCase: MatrixCase, workers: readonly WorkerCase[], before: Before): Expectation {
  const lives = livesOf(workers, before.atMs)
  const [winner] = lives.filter(({ draft }) => draft?.flag === null).sort((a, b) => a.endsAtMs - b.endsAtMs)
  if (winner?.draft) {
    const calls = [...before.calls, ...lives.map((life) => cutAt(life, winner.endsAtMs).call)]
    return forwarded({ ...before, calls, atMs: winner.endsAtMs }, winner.draft)
  }
  const { gathered, failed } = gather(matrixCase, lives, { ...before, atMs: lastEndOf(lives) })
  return failed ?? forwarded(gathered, bestOf(gathered.usable))
}

function lastEndOf(lives: readonly Life[]): number {
  return Math.max(...lives.map(({ endsAtMs }) => endsAtMs))
}

/** Without a ranking, as many of the drafts as `rank_fuse` shows by default. */
const topK = 3

function byWorth(drafts: readonly ExpectedDraft[]): readonly ExpectedDraft[] {
  return [...drafts.filter(({ flag }) => flag === null), ...drafts.filter(({ flag }) => flag !== null)]
}

/** A lone draft, or the best of those that all refuse, needs no aggregate. */
function soleOf({ alwaysAggregate }: MatrixCase, gathered: Gathered): Expectation | null {
  const { usable } = gathered
  const isNeedless = usable.length === 1 || usable.every(({ flag }) => flag === 'refusal')
  return isNeedless && !alwaysAggregate ? forwarded(gathered, bestOf(usable)) : null
}

/** The aggregate is asked something that it answers in prose, of which nothing can be read. */
function afterNotes(matrixCase: MatrixCase, gathered: Gathered): Gathered {
  const asked = ask(matrixCase, {
    startsAtMs: gathered.atMs,
    wantedOf: (answer) => ({ answer }),
    streamed: false,
    asksAgainAfter: 'upstream_bad_request',
  })
  return { ...gathered, calls: [...gathered.calls, ...asked.calls], atMs: asked.atMs }
}

function forwarded({ calls, atMs, degraded, drafts }: Before, draft: ExpectedDraft | undefined): Expectation {
  if (!draft) throw new RangeError('There is no draft to forward.')
  return { calls, end: { atMs, text: draft.text, finishReason: finishReasonOf(draft) }, degraded, drafts }
}

/** The best draft where the aggregate gave nothing: degraded, however many drafts there were. */
function instead({ rounds }: MatrixCase, gathered: Gathered, candidates: readonly ExpectedDraft[]): Expectation {
  const degraded = `${gathered.usable.length}/${rounds[0]?.length}`
  return { ...forwarded(gathered, bestOf(candidates)), degraded }
}

function written(matrixCase: MatrixCase, gathered: Gathered, shown = gathered.usable): Expectation {
  const asked = ask(matrixCase, {
    startsAtMs: gathered.atMs,
    wantedOf: (answer) => ({ answer }),
    streamed: matrixCase.streamed,
    asksAgainAfter: 'context_length_exceeded',
  })
  const after = { ...gathered, calls: [...gathered.calls, ...asked.calls], atMs: asked.atMs }
  const isStoodInFor = asked.text === null && asked.failed !== 'upstream_bad_request'
  return isStoodInFor ? instead(matrixCase, after, shown) : endedBy(asked, after)
}

function failure({ calls, atMs, degraded, drafts }: Gathered, code: ErrorCode, said: string): Expectation {
  return { calls, end: { atMs, code, status: statusOf([code]), said }, degraded, drafts }
}

/** The aggregate likes the draft of the last worker best: never the one that would be best without it. */
function chosen(matrixCase: MatrixCase, gathered: Gathered, candidates: readonly ExpectedDraft[]): Expectation {
  const isNeedless = candidates.length === 1 || candidates.every(({ flag }) => flag === 'refusal')
  if (isNeedless) return forwarded(gathered, bestOf(candidates))
  const asked = ask(matrixCase, {
    startsAtMs: gathered.atMs,
    wantedOf: () => ({ choice: 1 }),
    streamed: false,
    asksAgainAfter: 'upstream_bad_request',
  })
  const after = { ...gathered, calls: [...gathered.calls, ...asked.calls], atMs: asked.atMs }
  const hasChosen = asked.text === sayingOf({ choice: 1 })
  return hasChosen ? forwarded(after, candidates.at(-1)) : instead(matrixCase, after, candidates)
}

/** One draft of each final answer that most drafts come to; none where no draft comes to any. */
function leadersOf(drafts: readonly ExpectedDraft[]): readonly ExpectedDraft[] {
  const camps = (['A', 'B'] as const).map((stance) => drafts.filter((draft) => draft.stance === stance))
  const most = Math.max(1, ...camps.map((camp) => camp.length))
  return camps
    .flatMap((camp) => (camp.length === most ? (bestOf(camp) ?? []) : []))
    .sort((a, b) => a.position - b.position)
}

/** Whole drafts that come to the same final answer; or to none, and then say the same about it. */
function doAgree(drafts: readonly ExpectedDraft[]): boolean {
  const isWhole = drafts.length >= 2 && drafts.every(({ flag }) => flag === null)
  return isWhole && new Set(drafts.map(({ stance, gist }) => stance ?? gist)).size === 1
}
