/** Images, sounds and files of the OpenAI dialect as file parts. Addresses are passed on, never fetched. */
import type { LanguageModelV4FilePart } from '@ai-sdk/provider'
import type { ContentPart } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'
import { fieldsOf } from '../../chat/loose-json.ts'

/** @throws RequestError where the part is of another type, or says neither data nor an address */
export function filePartOf(part: ContentPart, at: string): LanguageModelV4FilePart {
  switch (part.type) {
    case 'image_url':
      return fileAt(textIn(part['image_url'], 'url') ?? textOf(part['image_url']), {
        at: `${at}.image_url.url`,
        kind: 'image',
      })
    case 'input_audio': {
      const format = textIn(part['input_audio'], 'format') ?? 'wav'
      const data = required(textIn(part['input_audio'], 'data'), `${at}.input_audio.data`)
      return { type: 'file', mediaType: audioTypes[format] ?? `audio/${format}`, data: { type: 'data', data } }
    }
    case 'file': {
      const filename = textIn(part['file'], 'filename')
      const file = fileAt(textIn(part['file'], 'file_data'), { at: `${at}.file.file_data`, kind: 'application' })
      return filename === undefined ? file : { ...file, filename }
    }
    default:
      throw new RequestError('unsupported_modality', `${at}: parts of type "${part.type}" cannot be passed on.`, {
        param: at,
      })
  }
}

interface Place {
  readonly at: string
  /** Of the media type where nothing says more. */
  readonly kind: 'image' | 'application'
}

const audioTypes: Readonly<Record<string, string>> = { mp3: 'audio/mpeg', wav: 'audio/wav' }
const usualTypes = { image: 'image/jpeg', application: 'application/pdf' } as const
const typesByExtension: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  bmp: 'image/bmp',
  pdf: 'application/pdf',
  txt: 'text/plain',
}

const dataUrl = /^data:([^;,]*)(?:;[^;,]*)*;base64,/

function fileAt(address: string | undefined, { at, kind }: Place): LanguageModelV4FilePart {
  const text = required(address, at)
  const found = dataUrl.exec(text)
  if (found) {
    const [head, mediaType = ''] = found
    const data = { type: 'data', data: text.slice(head.length) } as const
    return { type: 'file', mediaType: mediaType || usualTypes[kind], data }
  }
  if (!URL.canParse(text)) {
    // Some clients send the bare base64 of a file.
    if (kind === 'application') return { type: 'file', mediaType: usualTypes[kind], data: { type: 'data', data: text } }
    throw new RequestError('invalid_request', `${at} must be a data: or https: address.`, { param: at })
  }
  const url = new URL(text)
  const extension = url.pathname.slice(url.pathname.lastIndexOf('.') + 1).toLowerCase()
  return { type: 'file', mediaType: typesByExtension[extension] ?? usualTypes[kind], data: { type: 'url', url } }
}

function required(text: string | undefined, at: string): string {
  if (text !== undefined && text !== '') return text
  throw new RequestError('invalid_request', `${at} must be a text that is not empty.`, { param: at })
}

function textIn(holder: unknown, field: string): string | undefined {
  return textOf(fieldsOf(holder)[field])
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
