/** The `input` of a Responses request as chat messages: one item may become several, several items one. */
import type { ChatMessage, ContentPart, ToolCall } from '../../chat/chat-request.ts'
import { isObject, textIn } from '../../chat/loose-json.ts'
import { sentToolName } from './response-tools.ts'

/** What clients send in `input`, and models in `output`. */
export interface Item {
  readonly type?: string
  readonly [field: string]: unknown
}

export interface ReadInput {
  readonly messages: readonly ChatMessage[]
  /** The types of items that only OpenAI's servers understand. */
  readonly dropped: readonly string[]
}

/** @param items as `itemsOf` gives them, references resolved */
export function readInput(items: readonly Item[]): ReadInput {
  const reader = new InputReader()
  for (const item of items) reader.add(item)
  return reader.result()
}

/** A text is one message of the user. */
export function itemsOf(input: unknown): readonly Item[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  return Array.isArray(input) ? input.filter(isObject) : []
}

class InputReader {
  readonly #messages: ChatMessage[] = []
  readonly #dropped = new Set<string>()
  /** Reasoning belongs to what the assistant says or does next. */
  #reasoning = ''

  add(item: Item): void {
    switch (item.type ?? 'message') {
      case 'message':
        this.#addMessage(String(item['role']), contentParts(item['content']))
        break
      case 'reasoning':
        this.#reasoning = reasoningText(item)
        break
      case 'function_call':
        this.#addCall(item, textIn(item, 'arguments'))
        break
      case 'custom_tool_call':
        this.#addCall(item, JSON.stringify({ input: item['input'] ?? '' }))
        break
      case 'function_call_output':
      case 'custom_tool_call_output':
        this.#addResult(item)
        break
      default:
        this.#dropped.add(`input: ${String(item.type)}`)
    }
  }

  result(): ReadInput {
    return { messages: this.#messages, dropped: [...this.#dropped] }
  }

  #addMessage(role: string, parts: readonly ContentPart[]): void {
    const reasoning = role === 'assistant' ? this.#takeReasoning() : {}
    this.#messages.push({ role: role === 'developer' ? 'system' : role, content: contentOf(parts), ...reasoning })
  }

  /** Calls that follow one another, or what the assistant said, are one message. */
  #addCall(item: Item, written: string): void {
    const call: ToolCall = {
      id: textIn(item, 'call_id'),
      type: 'function',
      function: { name: sentToolName(textIn(item, 'name'), item['namespace']), arguments: written },
    }
    const last = this.#messages.at(-1)
    const reasoning = this.#takeReasoning()
    if (last?.role === 'assistant') {
      this.#messages[this.#messages.length - 1] = {
        ...last,
        ...reasoning,
        tool_calls: [...(last.tool_calls ?? []), call],
      }
    } else this.#messages.push({ role: 'assistant', content: null, ...reasoning, tool_calls: [call] })
  }

  /** The result of a tool is text in the chat API; pictures follow as the user's. */
  #addResult(item: Item): void {
    const parts = contentParts(item['output'])
    const shown = parts.filter(({ type }) => type !== 'text')
    const text = parts.flatMap((part) => (part.type === 'text' ? [part.text ?? ''] : [])).join('\n')
    const content = text === '' && shown.length > 0 ? '[The result is shown below.]' : text
    this.#messages.push({ role: 'tool', tool_call_id: textIn(item, 'call_id'), content })
    if (shown.length > 0) this.#messages.push({ role: 'user', content: shown })
  }

  #takeReasoning(): { readonly reasoning_content?: string } {
    const text = this.#reasoning
    this.#reasoning = ''
    return text === '' ? {} : { reasoning_content: text }
  }
}

function contentOf(parts: readonly ContentPart[]): string | readonly ContentPart[] {
  return parts.every(({ type }) => type === 'text') ? parts.map(({ text }) => text ?? '').join('\n') : parts
}

function contentParts(content: unknown): readonly ContentPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content.filter(isObject).flatMap(partOf) : []
}

function partOf(part: Readonly<Record<string, unknown>>): readonly ContentPart[] {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return [{ type: 'text', text: textIn(part, 'text') }]
    case 'refusal':
      return [{ type: 'text', text: textIn(part, 'refusal') }]
    case 'input_image':
      return [imagePart(part)]
    case 'input_file':
      return [{ type: 'file', file: withoutType(part) }]
    case 'input_audio':
      return [{ type: 'input_audio', input_audio: part['input_audio'] ?? withoutType(part) }]
    default:
      return []
  }
}

function imagePart({ image_url: url, file_id: fileId, detail }: Readonly<Record<string, unknown>>): ContentPart {
  const detailed = typeof detail === 'string' && detail !== 'auto' ? { detail } : {}
  if (typeof url !== 'string') return { type: 'file', file: { file_id: fileId } }
  return { type: 'image_url', image_url: { url, ...detailed } }
}

function withoutType({ type: _type, ...fields }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return fields
}

/** Shown reasoning, else its summary; encrypted reasoning says nothing to other models. */
function reasoningText({ content, summary }: Item): string {
  const textsOf = (parts: unknown): string[] =>
    Array.isArray(parts) ? parts.filter(isObject).map((part) => textIn(part, 'text')) : []
  const shown = textsOf(content)
  return (shown.length > 0 ? shown : textsOf(summary)).join('\n\n')
}
