import type { ChatModel, Modality, ModelCard } from '../chat/chat-model.ts'
import type { ChatMessage, ContentPart } from '../chat/chat-request.ts'
import { RequestError } from '../chat/errors.ts'
import type { Aggregate, ResolvedMixture, Worker } from './resolved-mixture.ts'

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

/**
 * The workers that are asked about a conversation: where the mixture drops those who cannot open a part of it, those who
 * can, as long as there are some, or the aggregate can. All of them where nobody can open all.
 */
export function readersOf(
  { workers, aggregates, modality }: Pick<ResolvedMixture, 'workers' | 'aggregates' | 'modality'>,
  messages: readonly ChatMessage[],
): readonly Worker[] {
  if (modality === 'describe') return workers
  const needed = modalitiesIn(messages)
  if (needed.size === 0) return workers
  const readsAll = ({ model }: Worker | Aggregate): boolean =>
    [...needed].every((each) => model.card.modalities.includes(each))
  const readers = workers.filter(readsAll)
  if (readers.length === 0 && !aggregates.some(readsAll)) return workers
  return readers.length === workers.length ? workers : readers
}

function modalitiesIn(messages: readonly ChatMessage[]): ReadonlySet<Modality> {
  const needed = new Set<Modality>()
  for (const { content } of messages) {
    if (!content || typeof content === 'string') continue
    for (const part of content) needed.add(modalityOf(part))
  }
  needed.delete('text')
  return needed
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
