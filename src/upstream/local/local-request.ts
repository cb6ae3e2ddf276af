/** What a local model makes of a request: the turns of the conversation, and the refusal of what it cannot do. */
import type { ChatBody, ChatMessage } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'
import { textOf } from '../../chat/message-text.ts'
import type { LlamaTurn } from './llama-binding.ts'

/**
 * The conversation as turns of the system, the user and the model.
 *
 * @throws RequestError where a part is not text, or a tool call or likelihoods are asked for
 */
export function turnsOf(body: ChatBody, modelId: string): readonly LlamaTurn[] {
  refuseUnsupported(body, modelId)
  return body.messages.map(turnOf)
}

function turnOf(message: ChatMessage): LlamaTurn {
  const text = textOf(message)
  switch (message.role) {
    case 'system':
    case 'developer':
      return { type: 'system', text }
    case 'assistant':
      return { type: 'model', response: [text] }
    default:
      return { type: 'user', text }
  }
}

function refuseUnsupported({ messages, tools, tool_choice: toolChoice, logprobs }: ChatBody, modelId: string): void {
  if (logprobs === true) throw unsupported('logprobs', `Model "${modelId}" runs in process and gives no logprobs.`)
  const mustCall = toolChoice === 'required' || (typeof toolChoice === 'object' && toolChoice !== null)
  if (tools && mustCall) throw unsupported('tool_choice', `Model "${modelId}" runs in process and calls no tools.`)
  messages.forEach(({ content }, index) => {
    if (!Array.isArray(content)) return
    const at = (content as readonly { readonly type: string }[]).findIndex(({ type }) => type !== 'text')
    if (at < 0) return
    const message = `Model "${modelId}" runs in process and reads text only.`
    throw new RequestError('unsupported_modality', message, { param: `messages[${index}].content[${at}]` })
  })
}

function unsupported(param: string, message: string): RequestError {
  return new RequestError('unsupported_parameter', message, { param })
}
