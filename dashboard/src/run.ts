/** A run: one question, what its workers wrote, and the answer. Pure: what happens comes in as events. */

/** As the gateway tells it: docs/api.md, "A stream before its answer". */
export interface Progress {
  readonly step: number
  readonly parent?: number
  readonly stage: 'route' | 'worker' | 'aggregate'
  readonly name: string
  readonly state: 'chosen' | 'started' | 'writes' | 'retried' | 'done' | 'failed' | 'stopped'
  readonly at_ms: number
  readonly code?: string
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
  /** Why it failed, or was asked again. */
  readonly code: string | null
  readonly retries: number
  /** What it has written. */
  readonly text: string
}

export interface Run {
  readonly id: number
  readonly model: string
  readonly question: string
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

export function beginRun(id: number, { model, question }: Pick<Run, 'model' | 'question'>, now: number): Run {
  return {
    ...{ id, model, question, state: 'runs', startedAt: now, endedAt: null, requestId: null, route: null },
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
  if (progress.stage === 'route') return progress.state === 'chosen' ? { ...run, route: progress.name } : run
  const stage = progress.stage === 'worker' ? 'workers' : 'aggregates'
  const steps = run[stage]
  const isKnown = steps.some(({ step }) => step === progress.step)
  return {
    ...run,
    [stage]: isKnown ? changed(steps, progress.step, (step) => withState(step, progress)) : [...steps, begun(progress)],
  }
}

function begun(progress: Progress): Step {
  const { step, name, at_ms: startedMs } = progress
  const parent = progress.parent ?? null
  const empty = { firstMs: null, endedMs: null, code: null, retries: 0, text: '' } as const
  return withState({ ...empty, step, parent, name, state: 'started', startedMs }, progress)
}

function withState(step: Step, progress: Progress): Step {
  const { state, at_ms: atMs } = progress
  const code = progress.code ?? null
  switch (state) {
    case 'chosen':
    case 'started':
      return step
    case 'writes':
      return { ...step, state, firstMs: step.firstMs ?? atMs }
    case 'retried':
      return { ...step, state, code, retries: step.retries + 1, firstMs: null, text: '' }
    case 'done':
      return { ...step, state, code: null, endedMs: atMs }
    case 'failed':
    case 'stopped':
      return { ...step, state, code, endedMs: atMs }
  }
}

function withDraft(step: Step, { kind, text }: DraftText): Step {
  return { ...step, text: kind === 'whole' ? text : step.text + text }
}

function changed(steps: readonly Step[], number: number, change: (step: Step) => Step): readonly Step[] {
  return steps.map((step) => (step.step === number ? change(step) : step))
}

/** Drafts that came of those that were asked for, by the workers of the mixture itself. */
export function draftCount({ workers }: Run): { readonly usable: number; readonly asked: number } {
  const own = workers.filter(({ parent }) => parent === null)
  return { usable: own.filter(({ state }) => state === 'done').length, asked: own.length }
}

/** The turns before a question, as a request has them: runs without an answer are left out. */
export function conversationOf(
  runs: readonly Run[],
): readonly { readonly role: 'user' | 'assistant'; readonly content: string }[] {
  return runs
    .filter(({ state, answer }) => state === 'done' && answer !== '')
    .flatMap(({ question, answer }) => [
      { role: 'user' as const, content: question },
      { role: 'assistant' as const, content: answer },
    ])
}
