import type { ToolCallDelta } from '../../chat/chat-event.ts'
import {
  callItem,
  type ItemCall,
  type ItemsOptions,
  type ItemStatus,
  messageItem,
  reasoningItem,
  refusalPart,
  textPart,
} from './output-items.ts'
import type { Item } from './read-input.ts'

export type SaidKind = 'text' | 'refusal' | 'reasoning'

interface Said {
  readonly kind: SaidKind
  readonly id: string
  readonly index: number
  text: string
}

interface Call {
  index: number
  id: string
  callId: string
  sentName: string
  written: string
}

export interface OutputStreamOptions extends ItemsOptions {
  /** Writes one event of the stream. */
  readonly write: (type: string, fields: object) => string
}

/** The output items of a streamed response: each is added, grows and is done. Calls may grow side by side. */
export class OutputStream {
  readonly #options: OutputStreamOptions
  readonly #calls = new Map<number, Call>()
  readonly #done = new Map<number, Item>()
  #said: Said | undefined
  #next = 0

  constructor(options: OutputStreamOptions) {
    this.#options = options
  }

  /** The items that are done, each in its place. */
  get items(): readonly Item[] {
    return [...this.#done].sort(([a], [b]) => a - b).map(([, item]) => item)
  }

  say(kind: SaidKind, text: string): string {
    let frames = ''
    if (this.#said?.kind !== kind) {
      frames += this.#endSaid('completed')
      frames += this.#beginSaid(kind)
    }
    const said = this.#said as Said
    said.text += text
    return frames + this.#write(`${eventOf[kind]}.delta`, said, { delta: text, ...extrasOf(kind) })
  }

  call({ index, id = '', function: part }: ToolCallDelta): string {
    const call = this.#calls.get(index) ?? { index: -1, id: '', callId: '', sentName: '', written: '' }
    this.#calls.set(index, call)
    const json = part?.arguments ?? ''
    call.callId ||= id
    call.sentName ||= part?.name ?? ''
    call.written += json
    if (call.index === -1) return call.sentName === '' ? '' : this.#beginCall(call)
    return this.#argumentsDelta(call, json)
  }

  /** Ends what is still open; `status` says whether the model came to its end. */
  finish(status: ItemStatus): string {
    let frames = this.#endSaid(status)
    for (const call of this.#calls.values()) {
      if (call.index === -1) frames += this.#beginCall(call)
      frames += this.#endCall(call)
    }
    return frames
  }

  #beginSaid(kind: SaidKind): string {
    const index = this.#next++
    const said: Said = { kind, index, id: this.#options.idOf(kind === 'reasoning' ? 'rs' : 'msg', index), text: '' }
    this.#said = said
    const item = kind === 'reasoning' ? reasoningItem(said.id, null) : messageItem(said.id, 'in_progress', [])
    return this.#addItem(index, item) + this.#write(`${partOf[kind]}.added`, said, { part: partWith(kind, '') })
  }

  #endSaid(status: ItemStatus): string {
    const said = this.#said
    if (!said) return ''
    this.#said = undefined
    const { kind, id, text } = said
    const part = partWith(kind, text)
    const item = kind === 'reasoning' ? reasoningItem(id, text) : messageItem(id, status, [part])
    const whole = kind === 'refusal' ? { refusal: text } : { text, ...extrasOf(kind) }
    return (
      this.#write(`${eventOf[kind]}.done`, said, whole) +
      this.#write(`${partOf[kind]}.done`, said, { part }) +
      this.#endItem(said.index, item)
    )
  }

  #beginCall(call: Call): string {
    const ended = this.#endSaid('completed')
    call.index = this.#next++
    call.id = this.#options.idOf('fc', call.index)
    call.callId ||= call.id
    const item = this.#itemOf({ ...call, written: '', status: 'in_progress' })
    return ended + this.#addItem(call.index, item) + this.#argumentsDelta(call, call.written)
  }

  #argumentsDelta({ sentName, id, index }: Call, json: string): string {
    if (json === '' || this.#isCustom(sentName)) return ''
    return this.#options.write('response.function_call_arguments.delta', {
      item_id: id,
      output_index: index,
      delta: json,
    })
  }

  #endCall(call: Call): string {
    const item = this.#itemOf({ ...call, status: 'completed' })
    const at = { item_id: call.id, output_index: call.index }
    const { write } = this.#options
    const { input, arguments: written } = item
    const done = this.#isCustom(call.sentName)
      ? write('response.custom_tool_call_input.delta', { ...at, delta: input }) +
        write('response.custom_tool_call_input.done', { ...at, input })
      : write('response.function_call_arguments.done', { ...at, name: item['name'], arguments: written })
    return done + this.#endItem(call.index, item)
  }

  #itemOf(call: ItemCall): Item {
    return callItem(call, this.#options.tools)
  }

  #isCustom(sentName: string): boolean {
    return this.#options.tools.get(sentName)?.isCustom === true
  }

  #addItem(index: number, item: Item): string {
    return this.#options.write('response.output_item.added', { output_index: index, item })
  }

  #endItem(index: number, item: Item): string {
    this.#done.set(index, item)
    return this.#options.write('response.output_item.done', { output_index: index, item })
  }

  #write(event: string, { kind, id, index }: Said, fields: object): string {
    const place = kind === 'reasoning' ? { summary_index: 0 } : { content_index: 0 }
    return this.#options.write(`response.${event}`, { item_id: id, output_index: index, ...place, ...fields })
  }
}

const eventOf: Readonly<Record<SaidKind, string>> = {
  text: 'output_text',
  refusal: 'refusal',
  reasoning: 'reasoning_summary_text',
}

const partOf: Readonly<Record<SaidKind, string>> = {
  text: 'content_part',
  refusal: 'content_part',
  reasoning: 'reasoning_summary_part',
}

function partWith(kind: SaidKind, text: string): object {
  switch (kind) {
    case 'text':
      return textPart(text)
    case 'refusal':
      return refusalPart(text)
    case 'reasoning':
      return { type: 'summary_text', text }
  }
}

function extrasOf(kind: SaidKind): object {
  return kind === 'text' ? { logprobs: [] } : {}
}
