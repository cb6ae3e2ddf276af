/** A run: what happens to one question that was sent, up to its answer. Pure: what happens comes in as events. */

/** As the gateway tells it: docs/api.md, "A stream before its answer". */
export interface Progress {
  readonly step: number
  readonly parent?: number
  readonly stage: 'route' | 'worker' | 'aggregate'
  readonly name: string
  readonly state: 'chosen' | 'started' | 'writes' | 'retried' | 'done' | 'failed' | 'stopped'
  readonly at_ms: number
  readonly code?: string
  readonly reused?: true
}

export interface DraftText {
  readonly step: number
  readonly name: string
  readonly kind: 'piece' | 'whole'
  readonly text: string
}

/** Of all calls of a request. Dollars; null where a price is not known. */
export interface Total {
  readonly calls: number
  readonly total_tokens: number
  readonly cost_usd: number | null
  readonly source: 'reported' | 'estimated' | 'missing'
}

export interface Failure {
  readonly code: string
  readonly message: string
  readonly details?: readonly { readonly worker: string; readonly code: string; readonly message: string }[]
}

export type RunEvent =
  | { readonly type: 'opened'; readonly requestId: string | null }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'draft'; readonly draft: DraftText }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'content'; readonly text: string }
  | { readonly type: 'total'; readonly total: Total }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'stopped' }
  | { readonly type: 'ended' }

/** A worker or the aggregate at work. Milliseconds since the request came. */
export interface Step {
  readonly step: number
  readonly parent: number | null
  readonly name: string
  readonly state: Exclude<Progress['state'], 'chosen'>
  readonly startedMs: number
  readonly firstMs: number | null
  readonly endedMs: number | null
  /** Why it failed, or is asked again. */
  readonly code: string | null
  /** Why it was asked again, each time. */
  readonly retried: readonly string[]
  /** What it has written. */
  readonly text: string
  /** That is the draft as it is used. */
  readonly hasDraft: boolean
  /** The draft was kept from an earlier request. */
  readonly isReused: boolean
  /** The draft is the answer, word for word. */
  readonly isAnswer: boolean
}

/** Who is to answer. */
export interface Asked {
  readonly model: string
  /** In place of the mixture's own; null where that is to write. */
  readonly aggregate: string | null
}

export interface Run {
  readonly id: number
  readonly asked: Asked
  readonly state: 'runs' | 'done' | 'failed' | 'stopped'
  /** On the clock of the page. */
  readonly startedAt: number
  readonly endedAt: number | null
  readonly requestId: string | null
  /** What the router has chosen; null where there was nothing to choose. */
  readonly route: string | null
  readonly workers: readonly Step[]
  /** Whoever writes the answer; more than one where the first had to be replaced. */
  readonly aggregates: readonly Step[]
  readonly reasoning: string
  readonly answer: string
  readonly total: Total | null
  readonly failure: Failure | null
}

export function beginRun(id: number, asked: Asked, now: number): Run {
  return {
    ...{ id, asked, state: 'runs', startedAt: now, endedAt: null, requestId: null, route: null },
    ...{ workers: [], aggregates: [], reasoning: '', answer: '', total: null, failure: null },
  }
}

/** The run after an event; `now` is on the clock of the page. What has ended stays as it is. */
export function advanceRun(run: Run, event: RunEvent, now: number): Run {
  if (run.state !== 'runs') return run
  switch (event.type) {
    case 'opened':
      return { ...run, requestId: event.requestId }
    case 'progress':
      return withProgress(run, event.progress)
    case 'draft':
      return { ...run, workers: changed(run.workers, event.draft.step, (step) => withDraft(step, event.draft)) }
    case 'reasoning':
      return { ...run, reasoning: run.reasoning + event.text }
    case 'content':
      return { ...run, answer: run.answer + event.text }
    case 'total':
      return { ...run, total: event.total }
    case 'failed':
      return { ...run, state: 'failed', failure: event.failure, endedAt: now }
    case 'stopped':
      return { ...run, state: 'stopped', endedAt: now }
    case 'ended':
      return { ...run, state: 'done', endedAt: now }
  }
}

function withProgress(run: Run, progress: Progress): Run {
  if (progress.stage === 'route') return isOwnRoute(progress) ? { ...run, route: progress.name } : run
  const stage = progress.stage === 'worker' ? 'workers' : 'aggregates'
  const steps = run[stage]
  const isKnown = steps.some(({ step }) => step === progress.step)
  return {
    ...run,
    [stage]: isKnown ? changed(steps, progress.step, (step) => withState(step, progress)) : [...steps, begun(progress)],
  }
}

/** Of the request itself, not of a router that is a worker. */
function isOwnRoute({ step, state }: Progress): boolean {
  return step === 0 && state === 'chosen'
}

function begun(progress: Progress): Step {
  const { step, name, at_ms: startedMs } = progress
  const parent = progress.parent ?? null
  const empty = { firstMs: null, endedMs: null, code: null, retried: [], text: '' } as const
  const flags = { hasDraft: false, isReused: false, isAnswer: false }
  return withState({ ...empty, ...flags, step, parent, name, state: 'started', startedMs }, progress)
}

function withState(step: Step, progress: Progress): Step {
  const { state, at_ms: atMs } = progress
  const code = progress.code ?? null
  switch (state) {
    case 'chosen':
      return { ...step, isAnswer: true }
    case 'started':
      return step
    case 'writes':
      return { ...step, state, firstMs: step.firstMs ?? atMs }
    case 'retried':
      return { ...step, state, code, retried: [...step.retried, code ?? 'internal_error'], firstMs: null, text: '' }
    case 'done':
      return { ...step, state, code: null, endedMs: atMs, isReused: progress.reused === true }
    case 'failed':
    case 'stopped':
      return { ...step, state, code, endedMs: atMs }
  }
}

function withDraft(step: Step, { kind, text }: DraftText): Step {
  return kind === 'whole' ? { ...step, text, hasDraft: true } : { ...step, text: step.text + text }
}

function changed(steps: readonly Step[], number: number, change: (step: Step) => Step): readonly Step[] {
  return steps.map((step) => (step.step === number ? change(step) : step))
}

/** The workers of the mixture itself, not those of a mixture among them. */
function ownWorkers({ workers }: Run): readonly Step[] {
  return workers.filter(({ parent }) => parent === null)
}

/** Whose words the answer is, as far as that is known. */
export function writerOf(run: Run): Step | undefined {
  const aggregate = run.aggregates.findLast(({ parent, state }) => parent === null && state !== 'failed')
  return ownWorkers(run).find(({ isAnswer }) => isAnswer) ?? aggregate
}

/** A draft that its worker has written to the end, and nobody has cut off. */
export function isWholeDraft({ state, hasDraft, text }: Step): boolean {
  return state === 'done' && hasDraft && text !== ''
}

/** Drafts that came of those that were asked for. */
export function draftCount(run: Run): { readonly usable: number; readonly asked: number } {
  const own = ownWorkers(run)
  return { usable: own.filter(({ hasDraft }) => hasDraft).length, asked: own.length }
}

/** What was spared when a question was asked again, in sentences; nothing as long as that is not known. */
export function sparedIn(run: Run): readonly string[] {
  const own = ownWorkers(run)
  if (own.length === 0 || (run.state === 'runs' && run.aggregates.length === 0)) return []
  const isUnasked = run.state === 'done' && run.asked.aggregate !== null && run.aggregates.length === 0
  return [...reuseOf(run, own), ...(isUnasked ? ['No aggregate was asked: the drafts have decided.'] : [])]
}

/** That drafts are not kept is said only where somebody has asked for the same ones. */
function reuseOf({ asked: { aggregate } }: Run, own: readonly Step[]): readonly string[] {
  const asked = own.filter(({ isReused }) => !isReused).map(({ name }) => name)
  if (asked.length === 0) return ['The drafts were kept: no worker was asked again.']
  if (asked.length < own.length)
    return [`${own.length - asked.length} of ${own.length} drafts were kept; asked again: ${asked.join(', ')}.`]
  return aggregate === null ? [] : ['No draft was kept: the workers were asked again.']
}
