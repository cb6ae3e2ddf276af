import { RequestError } from '../../chat/errors.ts'
import type { FinishedResponse } from './finished-response.ts'
import type { Item } from './read-input.ts'

/** A response that a later request may go on from. */
export interface KeptResponse extends FinishedResponse {
  /** The name of the caller's key, where there are keys: to others the response is not known. */
  readonly owner?: string | undefined
  /** The whole conversation before the answer. */
  readonly input: readonly Item[]
}

/** What a request names, and where it is kept beside here: null where nowhere else. */
export interface Named {
  readonly items: readonly Item[]
  readonly holder: string | null
}

/**
 * The latest responses, in memory, for clients that name what was said (`previous_response_id`, `item_reference`)
 * instead of sending it again. The oldest make room, by number and by size; a restart forgets all.
 */
export class ResponseShelf {
  readonly #responses = new Map<string, KeptResponse>()
  /** Which response has the item. */
  readonly #items = new Map<string, KeptResponse>()
  readonly #sizes = new Map<string, number>()
  readonly #most: { readonly responses: number; readonly characters: number }
  #characters = 0

  constructor(most = { responses: 1000, characters: 64 * 1024 * 1024 }) {
    this.#most = most
  }

  /** @param size characters that `response` takes, more or less */
  keep(response: KeptResponse, size: number): void {
    this.#drop(response.id)
    this.#responses.set(response.id, response)
    this.#sizes.set(response.id, size)
    this.#characters += size
    for (const { id } of response.output) if (typeof id === 'string') this.#items.set(id, response)
    for (const [id] of this.#responses) {
      if (this.#responses.size <= this.#most.responses && this.#characters <= this.#most.characters) break
      this.#drop(id)
    }
  }

  /** The response with this id; undefined where `owner` has none such (any more). */
  find(id: string, owner?: string): KeptResponse | undefined {
    const response = this.#responses.get(id)
    return response?.owner === owner ? response : undefined
  }

  /** False where `owner` has no such response. */
  forget(id: string, owner?: string): boolean {
    if (!this.find(id, owner)) return false
    this.#drop(id)
    return true
  }

  /** All that was said up to and with the response. @throws RequestError where `owner` has none such (any more) */
  conversation(id: string, owner?: string): Named {
    const response = this.find(id, owner)
    if (!response) throw forgotten('previous_response_id', id)
    return { items: [...response.input, ...response.output], holder: response.heldBy ?? null }
  }

  /** The item that a reference names. @throws RequestError where `owner` has none such (any more) */
  item(id: string, { owner, param }: { readonly owner?: string | undefined; readonly param: string }): Named {
    const response = this.#items.get(id)
    const item = response?.owner === owner ? response?.output.find((each) => each['id'] === id) : undefined
    if (!item) throw forgotten(param, id)
    return { items: [item], holder: response?.heldBy ?? null }
  }

  #drop(id: string): void {
    const response = this.#responses.get(id)
    for (const item of response?.output ?? []) {
      const itemId = String(item['id'])
      if (this.#items.get(itemId) === response) this.#items.delete(itemId)
    }
    this.#characters -= this.#sizes.get(id) ?? 0
    this.#sizes.delete(id)
    this.#responses.delete(id)
  }
}

function forgotten(param: string, id: string): RequestError {
  const message = `${param} names "${id}", which is not kept here (any more): send the whole conversation in input.`
  return new RequestError('invalid_request', message, { param })
}
