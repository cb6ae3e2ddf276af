/** What each strategy makes of gathered drafts. A strategy without a way here is held to what holds for all of them. */
import type { ErrorCode } from '../../src/chat/errors.ts'
import type { StrategyName } from '../../src/mixture/strategies/strategies.ts'
import {
  ask,
  bestOf,
  cutShort,
  type Expectation,
  type ExpectedDraft,
  finishReasonOf,
  gather,
  type Gathered,
  type MatrixCase,
  sayingOf,
  statusOf,
} from './oracle.ts'

type Way = (matrixCase: MatrixCase, gathered: Gathered) => Expectation

const ways: Readonly<Partial<Record<StrategyName, Way>>> = {
  synthesize: (matrixCase, gathered) => soleOf(matrixCase, gathered) ?? written(matrixCase, gathered),
  select: (matrixCase, gathered) => chosen(matrixCase, gathered, gathered.drafts),
  vote: (matrixCase, gathered) => chosen(matrixCase, gathered, leadersOf(matrixCase, gathered.drafts)),
  deliberate: (matrixCase, gathered) =>
    soleOf(matrixCase, gathered) ?? written(matrixCase, afterNotes(matrixCase, gathered)),
  rank_fuse: (matrixCase, gathered) => {
    if (gathered.drafts.length <= topK) return soleOf(matrixCase, gathered) ?? written(matrixCase, gathered)
    return (
      soleOf(matrixCase, gathered) ??
      written(matrixCase, afterNotes(matrixCase, gathered), byWorth(gathered.drafts).slice(0, topK))
    )
  },
}

/** Without a ranking, as many of the drafts as `rank_fuse` shows by default. */
const topK = 3

function byWorth(drafts: readonly ExpectedDraft[]): readonly ExpectedDraft[] {
  return [...drafts.filter(({ flag }) => flag === null), ...drafts.filter(({ flag }) => flag !== null)]
}

/** A lone draft, or the best of those that all refuse, needs no aggregate. */
function soleOf({ alwaysAggregate }: MatrixCase, gathered: Gathered): Expectation | null {
  const { drafts } = gathered
  const isNeedless = drafts.length === 1 || drafts.every(({ flag }) => flag === 'refusal')
  return isNeedless && !alwaysAggregate ? forwarded(gathered, bestOf(drafts)) : null
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

/** What `strategy` must make of a case; null where that is not written down. */
export function expectationOf(strategy: StrategyName, matrixCase: MatrixCase): Expectation | null {
  const way = ways[strategy]
  return way ? cutShort(whole(way, matrixCase), matrixCase.leavesAtMs) : null
}

function whole(way: Way, matrixCase: MatrixCase): Expectation {
  const gathered = gather(matrixCase)
  if (gathered.drafts.length > 0) return way(matrixCase, gathered)
  const { atMs, calls, failures } = gathered
  const end = { atMs, code: 'all_workers_failed' as const, status: statusOf(failures), said: '' }
  return { calls, end, degraded: undefined }
}

function lost({ drafts, calls }: Gathered): string | undefined {
  const workers = calls.filter(({ startsAtMs }) => startsAtMs === 0)
  return drafts.length < workers.length ? `${drafts.length}/${workers.length}` : undefined
}

function forwarded(gathered: Gathered, draft: ExpectedDraft | undefined): Expectation {
  if (!draft) throw new RangeError('There is no draft to forward.')
  const { calls, atMs } = gathered
  return { calls, end: { atMs, text: draft.text, finishReason: finishReasonOf(draft) }, degraded: lost(gathered) }
}

/** The best draft where the aggregate gave nothing: degraded, however many drafts there were. */
function instead(gathered: Gathered, drafts: readonly ExpectedDraft[]): Expectation {
  const workers = gathered.calls.filter(({ startsAtMs }) => startsAtMs === 0)
  return { ...forwarded(gathered, bestOf(drafts)), degraded: `${gathered.drafts.length}/${workers.length}` }
}

function written(matrixCase: MatrixCase, gathered: Gathered, shown = gathered.drafts): Expectation {
  const asked = ask(matrixCase, {
    startsAtMs: gathered.atMs,
    wantedOf: (answer) => ({ answer }),
    streamed: matrixCase.streamed,
    asksAgainAfter: 'context_length_exceeded',
  })
  const calls = [...gathered.calls, ...asked.calls]
  const { atMs } = asked
  if (asked.broke) return { calls, end: failure(atMs, asked.broke, asked.text), degraded: lost(gathered) }
  if (asked.text !== null)
    return { calls, end: { atMs, text: asked.text, finishReason: 'stop' }, degraded: lost(gathered) }
  if (asked.failed === 'upstream_bad_request')
    return { calls, end: failure(atMs, asked.failed, ''), degraded: lost(gathered) }
  return instead({ ...gathered, calls, atMs }, shown)
}

function failure(atMs: number, code: ErrorCode, said: string): Expectation['end'] {
  return { atMs, code, status: statusOf([code]), said }
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
  return hasChosen ? forwarded(after, candidates.at(-1)) : instead(after, candidates)
}

/** One draft of each final answer that most drafts come to; all drafts where none comes to any. */
function leadersOf({ workers }: MatrixCase, drafts: readonly ExpectedDraft[]): readonly ExpectedDraft[] {
  const camps = (['A', 'B'] as const).map((stance) =>
    drafts.filter(({ position, text }) => workers[position]?.stance === stance && text.includes(`(${stance})`)),
  )
  const most = Math.max(...camps.map((camp) => camp.length))
  if (most === 0) return drafts
  return camps
    .flatMap((camp) => (camp.length === most ? (bestOf(camp) ?? []) : []))
    .sort((a, b) => a.position - b.position)
}
