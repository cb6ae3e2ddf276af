import type { ChatBody, ToolCall } from '../../chat/chat-request.ts'
import { isObject, parseLoosely } from '../../chat/loose-json.ts'
import { toolNamesOf } from './bears-tools.ts'

/** True where the client takes tool calls alone for an answer: `tool_choice` is `required` or names a tool. */
export function mustAct({ tool_choice: choice }: ChatBody): boolean {
  return choice === 'required' || (typeof choice === 'object' && choice !== null)
}

/** True where the client can carry the calls out: tools that it offers, the one that it insists on, arguments in JSON. */
export function areMeant(calls: readonly ToolCall[], body: ChatBody): boolean {
  if (body['parallel_tool_calls'] === false && calls.length > 1) return false
  const forced = forcedName(body)
  const offered = toolNamesOf(body)
  return calls.every(({ function: call }) => {
    if (!call) return forced === undefined
    return (
      offered.includes(call.name) &&
      (forced === undefined || call.name === forced) &&
      isObject(parseLoosely(call.arguments || '{}'))
    )
  })
}

function forcedName({ tool_choice: choice }: ChatBody): string | undefined {
  const { function: named } = (choice ?? {}) as { readonly function?: { readonly name?: string } }
  return named?.name
}
