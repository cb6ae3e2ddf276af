/** A model that plays a timeline and remembers when each of its calls began, how it ended, and when. */
import type { CallContext } from '../../src/chat/call-context.ts'
import type { ChatDelta, ChatEvent } from '../../src/chat/chat-event.ts'
import { type ChatModel, createModelCard } from '../../src/chat/chat-model.ts'
import type { ChatRequest } from '../../src/chat/chat-request.ts'
import { sleep } from '../../src/chat/clock.ts'
import { UpstreamError } from '../../src/chat/errors.ts'
import { isFinishReason, type Saying, type Timeline } from './timeline.ts'

export interface CallRecord {
  readonly model: string
  readonly request: ChatRequest
  readonly startedAtMs: number
  endedAtMs: number | null
  /** `aborted` where the caller ended it. */
  outcome: 'running' | 'ok' | 'failed' | 'aborted'
}

interface Actor {
  readonly id: string
  readonly timelineOf: (request: ChatRequest) => Timeline
  /** Where its calls are written down. */
  readonly calls: CallRecord[]
}

export function createActor(actor: Actor): ChatModel {
  return {
    id: actor.id,
    card: createModelCard({ kind: 'model', ownedBy: 'stage' }),
    chat: (request, context) => play(actor, request, context),
  }
}

async function* play(
  { id, timelineOf, calls }: Actor,
  request: ChatRequest,
  { clock, signal }: CallContext,
): AsyncGenerator<ChatEvent> {
  const startedAtMs = clock.now()
  const call: CallRecord = { model: id, request, startedAtMs, endedAtMs: null, outcome: 'running' }
  calls.push(call)
  const { says, end } = timelineOf(request)
  const streams = request.body.stream === true
  let outcome: CallRecord['outcome'] = 'aborted'
  try {
    if (streams) yield chunk(id, { role: 'assistant', content: '' })
    for (const saying of says) {
      await sleep(clock, startedAtMs + saying.atMs - clock.now(), signal)
      if (streams) yield chunk(id, deltaOf(saying))
    }
    await sleep(clock, startedAtMs + (end?.atMs ?? Infinity) - clock.now(), signal)
    const how = end?.how ?? 'stop'
    if (!isFinishReason(how)) {
      outcome = 'failed'
      throw new UpstreamError(how, `${id} failed as it should.`)
    }
    if (streams) yield chunk(id, {}, how)
    else yield completion(id, says, how)
    outcome = 'ok'
    yield { type: 'end', usage: null }
  } finally {
    call.outcome = outcome
    call.endedAtMs = clock.now()
  }
}

const toolCall = { index: 0, id: 'call_1', type: 'function', function: { name: 'search', arguments: '{}' } }

function deltaOf({ field, text }: Saying): ChatDelta {
  return field === 'tool_calls' ? { tool_calls: [toolCall] } : { [field]: text }
}

const head = { id: 'chatcmpl-stage', created: 1_700_000_000 }

function chunk(model: string, delta: ChatDelta, finishReason: string | null = null): ChatEvent {
  const choices = [{ index: 0, delta, finish_reason: finishReason }]
  return { type: 'chunk', chunk: { ...head, object: 'chat.completion.chunk', model, choices } }
}

function completion(model: string, says: readonly Saying[], finishReason: string): ChatEvent {
  const joined = (field: Saying['field']): string =>
    says.flatMap((saying) => (saying.field === field ? [saying.text] : [])).join('')
  const message = { role: 'assistant', content: joined('content'), reasoning_content: joined('reasoning_content') }
  const choices = [{ index: 0, message, finish_reason: finishReason }]
  return { type: 'completion', completion: { ...head, object: 'chat.completion', model, choices } }
}
