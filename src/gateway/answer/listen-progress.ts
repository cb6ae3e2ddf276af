import type { ErrorCode } from '../../chat/errors.ts'
import type { SpanRecord, Trace, TraceEvent } from '../../trace/trace.ts'
import type { Progress, ProgressListener } from '../../wire/progress.ts'

/** Tells what the steps of a request come to, as it happens; the returned function ends that. */
export function listenProgress(trace: Trace, { progress: tell, draft }: ProgressListener): () => void {
  const told = new Set<string>()
  return trace.listen((event) => {
    const { id: step, name } = event.span
    if (event.type === 'said') draft?.({ step, name, kind: 'piece', text: event.piece })
    else if (event.type === 'draft') draft?.({ step, name, kind: 'whole', text: event.text.read() })
    const progress = progressOf(event, trace)
    if (!progress) return
    // A worker that is a mixture has first contents of its own below it: each step says each thing once.
    const moment = `${step} ${progress.state}`
    if (progress.state !== 'retried' && told.has(moment)) return
    told.add(moment)
    tell(progress)
  })
}

function progressOf(event: TraceEvent, trace: Trace): Progress | null {
  const { span } = event
  switch (event.type) {
    case 'note':
      return noteOf(span, event.note, trace)
    case 'said':
    case 'draft':
      return null
    case 'started': {
      const step = stepOf(span, trace)
      return step && { ...step, state: 'started', atMs: span.startedMs }
    }
    case 'ended': {
      const step = stepOf(span, trace)
      return step && { ...step, ...outcomeOf(span), atMs: span.endedMs ?? span.startedMs }
    }
  }
}

function noteOf(
  span: SpanRecord,
  { event, attributes, atMs }: SpanRecord['notes'][number],
  trace: Trace,
): Progress | null {
  if (event === 'route') return { step: span.id, stage: 'route', name: String(attributes.route), state: 'chosen', atMs }
  const state = stateOfNote[event]
  const step = state && stepOf(span, trace)
  if (!step) return null
  return { ...step, state, atMs, ...(state === 'retried' ? { code: attributes['code'] as ErrorCode } : {}) }
}

const stateOfNote: Readonly<Record<string, 'writes' | 'retried' | 'chosen'>> = {
  first_content: 'writes',
  retry: 'retried',
  draft_forwarded: 'chosen',
}

function outcomeOf({ outcome, attributes }: SpanRecord): Pick<Progress, 'state' | 'code' | 'reused'> {
  if (outcome === 'ok' || outcome === null)
    return attributes['reused'] === true ? { state: 'done', reused: true } : { state: 'done' }
  return outcome === 'client_closed' ? { state: 'stopped' } : { state: 'failed', code: outcome }
}

function stepOf(span: SpanRecord, trace: Trace): Pick<Progress, 'step' | 'parent' | 'stage' | 'name'> | null {
  const { id: step, stage, name } = span
  if (!isStep(stage)) return null
  const parent = stepAbove(span, trace.spans())
  return { step, ...(parent ? { parent: parent.id } : {}), stage, name }
}

/** The nearest that is told of. A span's number is its place. */
function stepAbove({ parent }: SpanRecord, spans: readonly SpanRecord[]): SpanRecord | undefined {
  const above = parent === null ? undefined : spans[parent]
  return above && !isStep(above.stage) ? stepAbove(above, spans) : above
}

function isStep(stage: SpanRecord['stage']): stage is Progress['stage'] {
  return stage === 'worker' || stage === 'aggregate' || stage === 'route'
}
