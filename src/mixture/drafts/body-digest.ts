import { hash } from 'node:crypto'
import type { ChatBody, ChatMessage } from '../../chat/chat-request.ts'

/** Writes bodies short for keys: a long message that many workers are sent is read once. */
export class BodyDigest {
  readonly #known = new WeakMap<ChatMessage, string>()

  of({ messages, ...fields }: ChatBody): readonly unknown[] {
    return [fields, messages.map((message) => this.#digestOf(message))]
  }

  #digestOf(message: ChatMessage): string {
    let digest = this.#known.get(message)
    if (digest === undefined) this.#known.set(message, (digest = hashOf(message)))
    return digest
  }
}

/** SHA-256 over all of `value`. */
export function hashOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64')
}
