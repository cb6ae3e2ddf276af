import type { Catalog } from '../catalog/catalog.ts'
import type { ChatEvent } from '../chat/chat-event.ts'
import { createChatRequest } from '../chat/chat-request.ts'
import { systemClock } from '../chat/clock.ts'
import { AnswerFold } from '../chat/collect-answer.ts'
import { errorCodeOf } from '../chat/errors.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace, type Trace } from '../trace/trace.ts'
import { visibleUsage } from '../wire/openai-chat/write-answer.ts'
import { describeTrace } from './describe-trace.ts'
import { collectDrafts, describeDrafts } from './drafts.ts'
import type { Shown } from './shown.ts'
import type { Terminal } from './terminal.ts'
import { showWorkers } from './worker-lines.ts'

export interface AskOptions {
  readonly model: string
  readonly question: string
  readonly signal: AbortSignal
  /** Everything as one JSON object on stdout once the answer is whole. */
  readonly json?: boolean
  /** On stderr once the answer is whole; with `json`, in it. */
  readonly show?: Shown
}

/** Asks in process, without a server: the answer streams to stdout, what the workers do to stderr. */
export async function ask(catalog: Catalog, terminal: Terminal, options: AskOptions): Promise<void> {
  const { model, question, json = false, show } = options
  const trace = createTrace('ask', systemClock)
  const workers = showWorkers(trace, terminal)
  const drafts = collectDrafts(trace)
  const fold = new AnswerFold()
  const request = createChatRequest({ model, messages: [{ role: 'user', content: question }], stream: true })
  const context = createCallContext({ trace, signal: options.signal, limits: catalog.deadline })
  trace.root.set({ route: model })
  try {
    for await (const event of catalog.find(model).chat(request, context)) {
      fold.add(event)
      const text = json ? '' : textOf(event)
      if (text === '') continue
      workers.rest()
      terminal.out(text)
    }
    if (!json) terminal.out('\n')
    trace.root.end('ok')
  } catch (error) {
    trace.root.end(errorCodeOf(error))
    throw error
  } finally {
    workers.rest()
    if (show === 'trace' && !json) terminal.err(`${describeTrace(trace, terminal.style)}\n`)
    if (show === 'drafts' && !json) terminal.err(describeDrafts(drafts, terminal.style))
  }
  const asked = { trace: { spans: trace.spans() }, drafts: { drafts }, nothing: {} }
  if (json) terminal.out(`${JSON.stringify({ ...wholeOf(fold, trace), ...asked[show ?? 'nothing'] }, null, 2)}\n`)
  terminal.err(terminal.style.dim(`${summaryOf(trace)}\n`))
}

function summaryOf(trace: Trace): string {
  const { route, model, degraded } = trace.attributes
  const { calls, promptTokens, completionTokens, costUsd } = trace.root.total()
  const cost = costUsd === null ? 'cost unknown' : `$${costUsd.toFixed(6)}`
  const what = [`route ${route ?? '?'}`, `written by ${model ?? '?'}`, ...(degraded ? [`degraded ${degraded}`] : [])]
  return `${what.join(', ')}; ${calls} calls, ${promptTokens} + ${completionTokens} tokens, ${cost}`
}

function wholeOf(fold: AnswerFold, trace: Trace): Record<string, unknown> {
  const { route, routeSource, model, degraded } = trace.attributes
  const { text, reasoning, finishReason, end } = fold.answer()
  return {
    answer: text,
    reasoning: reasoning === '' ? null : reasoning,
    finish_reason: finishReason,
    route: route ?? null,
    route_source: routeSource ?? null,
    model: model ?? null,
    degraded: degraded ?? null,
    usage: visibleUsage({ ...end, total: trace.root.total() }, trace.ledger()),
  }
}

function textOf(event: ChatEvent): string {
  switch (event.type) {
    case 'chunk':
      return event.chunk.choices[0]?.delta.content ?? ''
    case 'completion':
      return event.completion.choices[0]?.message.content ?? ''
    case 'end':
      return ''
  }
}
