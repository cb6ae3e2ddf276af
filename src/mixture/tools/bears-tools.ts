import type { ChatBody } from '../../chat/chat-request.ts'
import { offersTools } from '../../chat/message-text.ts'

/** True where the one who answers may act: by tools, or by functions as they were called before. */
export function bearsTools(body: ChatBody): boolean {
  const { functions, function_call: choice } = body
  return offersTools(body) || (Array.isArray(functions) && functions.length > 0 && choice !== 'none')
}

/** The names of the tools on offer, in the order of the request. */
export function toolNamesOf({ tools, functions }: ChatBody): readonly string[] {
  const offered = [...(tools ?? []), ...(Array.isArray(functions) ? (functions as readonly unknown[]) : [])]
  return offered.flatMap((tool) => nameOf(tool) ?? [])
}

function nameOf(tool: unknown): string | undefined {
  const { name, function: inner } = (tool ?? {}) as { readonly name?: unknown; readonly function?: unknown }
  const own = (inner as { readonly name?: unknown } | undefined)?.name ?? name
  return typeof own === 'string' ? own : undefined
}
