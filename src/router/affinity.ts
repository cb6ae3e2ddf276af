/**
 * Staying put: a conversation keeps its route, because another model in the middle loses the prefix cache and, between
 * a tool call and its result, the thread. It may change only on a real user turn.
 */
import { createHash } from 'node:crypto'
import { isAwake } from '../chat/chat-model.ts'
import type { ChatMessage, ChatRequest } from '../chat/chat-request.ts'
import { lastUserMessage, textOf } from '../chat/message-text.ts'
import { RecentMap } from './recent-map.ts'
import type { Route } from './route.ts'

const sessionHeaders = [
  'session-id',
  'x-session-id',
  'x-session-affinity',
  'x-claude-code-session-id',
  'prompt_cache_key',
  'x-openwebui-chat-id',
] as const

/** What makes requests one conversation: the client's session, else how the conversation began. */
export function affinityKeyOf({ body, caller }: ChatRequest): string {
  const session = sessionHeaders.map((name) => caller.headers[name]).find(Boolean) ?? body['prompt_cache_key']
  const beginning = typeof session === 'string' && session !== '' ? session : beginningOf(body.messages, body.tools)
  return createHash('sha256')
    .update(JSON.stringify([caller.key, beginning]))
    .digest('base64url')
}

/** True between a tool call and the model's answer to its result: nobody but the model that called may go on. */
export function isToolCallPending(messages: readonly ChatMessage[]): boolean {
  const call = messages.findLastIndex(({ role }) => role === 'assistant')
  if ((messages[call]?.tool_calls?.length ?? 0) === 0) return false
  return !messages.slice(call + 1).some((message) => message.role === 'user' && textOf(message).trim() !== '')
}

interface Pin {
  readonly route: Route
  /** The user turn that the route was found for. */
  readonly turn: string
  /** True where the route was second best, because the base model could not be asked. */
  readonly isMakeshift: boolean
  readonly seenAtMs: number
}

/** One request of a conversation, on the router's clock. */
export interface Visit {
  readonly key: string
  readonly messages: readonly ChatMessage[]
  readonly nowMs: number
}

const idleMs = 300_000
const capacity = 10_000

/** Remembers the routes of the conversations seen last. */
export class Pins {
  readonly #pins = new RecentMap<Pin>(capacity)

  /** The route to stay on; undefined where the router is free to choose. `mayStay` is asked on a new user turn. */
  find(visit: Visit, mayStay: (route: Route) => boolean): Route | undefined {
    const pin = this.#pins.get(visit.key)
    if (!pin) return undefined
    const turn = turnOf(visit.messages)
    if (!holds(pin, { ...visit, turn }, mayStay)) {
      this.#pins.delete(visit.key)
      return undefined
    }
    this.#pins.set(visit.key, { ...pin, turn, seenAtMs: visit.nowMs })
    return pin.route
  }

  /** What `find` would give, while the pin stays as it is. */
  foresee(visit: Visit, mayStay: (route: Route) => boolean): Route | undefined {
    const pin = this.#pins.peek(visit.key)
    return pin && holds(pin, { ...visit, turn: turnOf(visit.messages) }, mayStay) ? pin.route : undefined
  }

  /** Stays on `route` from now on. */
  keep(visit: Visit, route: Route, isMakeshift: boolean): void {
    this.#pins.set(visit.key, { route, turn: turnOf(visit.messages), isMakeshift, seenAtMs: visit.nowMs })
  }
}

function holds(
  pin: Pin,
  { messages, nowMs, turn }: Visit & { readonly turn: string },
  mayStay: (route: Route) => boolean,
): boolean {
  if (isToolCallPending(messages)) return true
  if (nowMs - pin.seenAtMs > idleMs || !isAwake(pin.route.model, nowMs)) return false
  return turn === pin.turn || (!pin.isMakeshift && mayStay(pin.route))
}

function beginningOf(messages: readonly ChatMessage[], tools: ChatRequest['body']['tools']): unknown {
  const instructions = messages.filter(({ role }) => role === 'system' || role === 'developer')
  return [instructions.map(textOf), tools ?? [], messages.find(({ role }) => role === 'user')?.content]
}

/** Two requests with the same user turn are steps of one: a tool loop, a retry. */
export function turnOf(messages: readonly ChatMessage[]): string {
  const count = messages.filter(({ role }) => role === 'user').length
  const text = textOf(lastUserMessage(messages) ?? { role: 'user' })
  return createHash('sha256').update(`${count} ${text}`).digest('base64url')
}
