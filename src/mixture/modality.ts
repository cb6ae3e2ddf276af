import type { ChatModel, Modality, ModelCard } from '../chat/chat-model.ts'
import type { ChatMessage, ContentPart } from '../chat/chat-request.ts'
import { RequestError } from '../chat/errors.ts'

/** Throws `unsupported_modality` where the conversation holds a part that none of `models` can read. */
export function requireReader(messages: readonly ChatMessage[], models: readonly ChatModel[]): void {
  for (const [m, { content }] of messages.entries()) {
    if (!Array.isArray(content)) continue
    for (const [p, part] of (content as readonly ContentPart[]).entries()) {
      const modality = modalityOf(part)
      if (models.some(({ card }) => card.modalities.includes(modality))) continue
      throw new RequestError(
        'unsupported_modality',
        `messages[${m}].content[${p}] is of type "${part.type}", but no model of this mixture reads ${modality}; ` +
          `ask another model, or declare modalities: [text, ${modality}] on one that does.`,
        { param: `messages[${m}].content[${p}]` },
      )
    }
  }
}

/** The messages as a model with this card can read them: a short text stands where it cannot see or hear a part. */
export function readableMessages(messages: readonly ChatMessage[], card: ModelCard): readonly ChatMessage[] {
  const isReadable = (part: ContentPart): boolean => card.modalities.includes(modalityOf(part))
  return messages.map((message) => {
    const { content } = message
    if (!content || typeof content === 'string' || content.every(isReadable)) return message
    const parts = content.map((part) => (isReadable(part) ? part : placeholderOf(part)))
    const isAllText = parts.every((part) => part.type === 'text')
    return { ...message, content: isAllText ? parts.map((part) => part.text ?? '').join('\n') : parts }
  })
}

const nouns: Readonly<Record<Modality, string>> = {
  text: 'text',
  image: 'an image',
  audio: 'a recording',
  file: 'a file',
}

function placeholderOf(part: ContentPart): ContentPart {
  return { type: 'text', text: `[Here the message holds ${nouns[modalityOf(part)]} that you cannot open.]` }
}

function modalityOf({ type }: ContentPart): Modality {
  if (type.includes('image')) return 'image'
  if (type.includes('audio')) return 'audio'
  return type.includes('file') ? 'file' : 'text'
}
