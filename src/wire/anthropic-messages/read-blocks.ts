/** What a content block of Anthropic's Messages API says, as parts of an OpenAI message. */
import type { ContentPart } from '../../chat/chat-request.ts'
import { isObject, textIn } from '../../chat/loose-json.ts'

/** A block as a client sends it: `type` is checked, the rest is read with care. */
export interface Block {
  readonly type: string
  readonly [field: string]: unknown
}

/** A content as blocks; a string is one block of text. */
export function blocksOf(content: unknown): readonly Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content.filter(isBlock) : []
}

export function isBlock(value: unknown): value is Block {
  return isObject(value) && typeof value['type'] === 'string'
}

/** The parts that a block of a user or a tool result becomes; none where only Anthropic could read it. */
export function partsOf(block: Block): readonly ContentPart[] {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: textIn(block, 'text') }]
    case 'image':
      return imageParts(block['source'])
    case 'document':
      return documentParts(block)
    case 'search_result':
      return [{ type: 'text', text: searchResultText(block) }]
    default:
      return []
  }
}

/** A list of nothing but text as one string, because some servers take no list of parts. */
export function contentOf(parts: readonly ContentPart[]): string | readonly ContentPart[] {
  return parts.every(({ type }) => type === 'text') ? parts.map(({ text }) => text ?? '').join('\n\n') : parts
}

function imageParts(source: unknown): readonly ContentPart[] {
  if (!isObject(source)) return []
  const url = source['type'] === 'base64' ? dataUrl(source) : textIn(source, 'url')
  return url === '' ? [] : [{ type: 'image_url', image_url: { url } }]
}

function documentParts(block: Block): readonly ContentPart[] {
  const { source } = block
  if (!isObject(source)) return []
  const title = textIn(block, 'title')
  switch (source['type']) {
    case 'base64':
      return [{ type: 'file', file: { filename: title || 'document.pdf', file_data: dataUrl(source) } }]
    case 'url':
      return [{ type: 'file', file: { filename: title || 'document.pdf', file_url: textIn(source, 'url') } }]
    case 'text':
      return [{ type: 'text', text: titled(title, textIn(source, 'data')) }]
    case 'content':
      return [...(title ? [{ type: 'text', text: title }] : []), ...blocksOf(source['content']).flatMap(partsOf)]
    default:
      return []
  }
}

function dataUrl(source: Readonly<Record<string, unknown>>): string {
  return `data:${textIn(source, 'media_type')};base64,${textIn(source, 'data')}`
}

function searchResultText(block: Block): string {
  const texts = blocksOf(block['content']).map((each) => textIn(each, 'text'))
  return titled([textIn(block, 'title'), textIn(block, 'source')].filter(Boolean).join(' '), texts.join('\n'))
}

function titled(title: string, text: string): string {
  return title === '' ? text : `${title}\n${text}`
}
