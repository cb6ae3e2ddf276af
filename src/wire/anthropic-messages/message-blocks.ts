import type { ToolCallDelta } from '../../chat/chat-event.ts'
import { writeSseEvent } from '../sse.ts'
import { toolUseBlock } from './write-message.ts'

type TextKind = 'text' | 'thinking'

const textBlocks: Readonly<Record<TextKind, object>> = {
  text: { type: 'text', text: '', citations: null },
  thinking: { type: 'thinking', thinking: '', signature: '' },
}

interface HeldCall {
  id: string
  name: string
  json: string
}

/**
 * The content blocks of a streamed message. Blocks never interleave: the first tool call streams, whatever comes up
 * between its pieces is held until it has ended.
 */
export class MessageBlocks {
  #index = -1
  #open: TextKind | 'tool' | undefined
  /** The place of the call that streams. */
  #streamed: number | undefined
  readonly #held = new Map<number, HeldCall>()
  #heldText = ''

  say(kind: TextKind, text: string): string {
    if (this.#open === 'tool') {
      // Thinking between the pieces of a call has no place to go to, and nobody would miss it.
      if (kind === 'text') this.#heldText += text
      return ''
    }
    const opening = this.#open === kind ? '' : this.#begin(kind, textBlocks[kind])
    const delta = kind === 'text' ? { type: 'text_delta', text } : { type: 'thinking_delta', thinking: text }
    return opening + this.#delta(delta)
  }

  call(delta: ToolCallDelta): string {
    const { index, id = '', function: part } = delta
    const json = part?.arguments ?? ''
    if (index === this.#streamed) return json === '' ? '' : this.#input(json)
    const held = this.#held.get(index) ?? { id: '', name: '', json: '' }
    held.id ||= id
    held.name ||= part?.name ?? ''
    held.json += json
    this.#held.set(index, held)
    if (this.#streamed !== undefined || held.id === '' || held.name === '') return ''
    this.#streamed = index
    this.#held.delete(index)
    return this.#beginCall(held)
  }

  /** Ends the block that is open and writes what was held. */
  finish(): string {
    let frames = this.#end()
    const calls = [...this.#held].sort(([a], [b]) => a - b)
    for (const [, held] of calls) frames += this.#beginCall(held) + this.#end()
    if (this.#heldText !== '') frames += this.say('text', this.#heldText) + this.#end()
    return frames
  }

  #beginCall({ id, name, json }: HeldCall): string {
    return this.#begin('tool', toolUseBlock(id, name)) + (json === '' ? '' : this.#input(json))
  }

  #input(json: string): string {
    return this.#delta({ type: 'input_json_delta', partial_json: json })
  }

  #begin(kind: TextKind | 'tool', block: object): string {
    const ended = this.#end()
    this.#open = kind
    this.#index += 1
    return ended + writeSseEvent('content_block_start', { index: this.#index, content_block: block })
  }

  #delta(delta: object): string {
    return writeSseEvent('content_block_delta', { index: this.#index, delta })
  }

  #end(): string {
    if (!this.#open) return ''
    const signature = this.#open === 'thinking' ? this.#delta({ type: 'signature_delta', signature: '' }) : ''
    this.#open = undefined
    return signature + writeSseEvent('content_block_stop', { index: this.#index })
  }
}
