import type { ChatEvent } from '../chat/chat-event.ts'
import { createChatRequest } from '../chat/chat-request.ts'
import { systemClock } from '../chat/clock.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace } from '../trace/trace.ts'
import type { Terminal } from './terminal.ts'
import { showWorkers } from './worker-lines.ts'

export interface AskOptions {
  readonly model: string
  readonly question: string
  readonly signal: AbortSignal
}

/** Asks in process, without a server: the answer streams to stdout, what the workers do to stderr. */
export async function ask(catalog: Catalog, terminal: Terminal, options: AskOptions): Promise<void> {
  const trace = createTrace('ask', systemClock)
  const workers = showWorkers(trace, terminal)
  const request = createChatRequest({
    model: options.model,
    messages: [{ role: 'user', content: options.question }],
    stream: true,
  })
  const context = createCallContext({ trace, signal: options.signal, limits: catalog.deadline })
  trace.root.set({ route: options.model })
  try {
    for await (const event of catalog.find(options.model).chat(request, context)) {
      const text = textOf(event)
      if (text === '') continue
      workers.rest()
      terminal.out(text)
    }
    terminal.out('\n')
  } finally {
    workers.rest()
  }
  const { route, model, degraded } = trace.attributes
  const { calls, promptTokens, completionTokens, costUsd } = trace.root.total()
  const cost = costUsd === null ? 'cost unknown' : `$${costUsd.toFixed(6)}`
  const what = [`route ${route ?? '?'}`, `written by ${model ?? '?'}`, ...(degraded ? [`degraded ${degraded}`] : [])]
  const spent = `${calls} calls, ${promptTokens} + ${completionTokens} tokens, ${cost}`
  terminal.err(terminal.style.dim(`${what.join(', ')}; ${spent}\n`))
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
