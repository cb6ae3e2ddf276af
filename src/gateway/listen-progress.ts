import type { SpanRecord, Trace, TraceEvent } from '../trace/trace.ts'
import type { Progress } from '../wire/progress.ts'

/** Tells what the steps of a request come to, as it happens; the returned function ends that. */
export function listenProgress(trace: Trace, tell: (progress: Progress) => void): () => void {
  const told = new Set<string>()
  return trace.listen((event) => {
    const progress = progressOf(event)
    if (!progress) return
    // A worker that is a mixture has first contents of its own below it: each step says each thing once.
    const moment = `${event.span.id} ${progress.state} ${progress.stage}`
    if (told.has(moment)) return
    told.add(moment)
    tell(progress)
  })
}

function progressOf(event: TraceEvent): Progress | null {
  const { span } = event
  switch (event.type) {
    case 'note':
      return noteOf(event.span, event.note)
    case 'draft':
      return null
    case 'started': {
      const step = stepOf(span)
      return step && { ...step, state: 'started', atMs: span.startedMs }
    }
    case 'ended': {
      const step = stepOf(span)
      return step && { ...step, ...outcomeOf(span), atMs: span.endedMs ?? span.startedMs }
    }
  }
}

function noteOf(span: SpanRecord, { event, attributes, atMs }: SpanRecord['notes'][number]): Progress | null {
  if (event === 'route') return { stage: 'route', name: String(attributes.route), state: 'chosen', atMs }
  const step = event === 'first_content' ? stepOf(span) : null
  return step && { ...step, state: 'writes', atMs }
}

function outcomeOf({ outcome }: SpanRecord): Pick<Progress, 'state' | 'code'> {
  if (outcome === 'ok' || outcome === null) return { state: 'done' }
  return outcome === 'client_closed' ? { state: 'stopped' } : { state: 'failed', code: outcome }
}

function stepOf({ stage, name }: SpanRecord): Pick<Progress, 'stage' | 'name'> | null {
  return stage === 'worker' || stage === 'aggregate' || stage === 'route' ? { stage, name } : null
}
