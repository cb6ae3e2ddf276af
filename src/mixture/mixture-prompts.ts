/** The prompts of a mixture: which slots each has, and the texts that stand where the user wrote none. */
import type { ChatRequest } from '../chat/chat-request.ts'
import { lastUserMessage, textOf } from '../chat/message-text.ts'
import { readPromptFile } from '../prompt/read-prompt-file.ts'
import { parseTemplate, type SlotValues, type TemplateSource } from '../prompt/template.ts'

const mixtureSlots = { 'mixture.name': 'optional', 'mixture.description': 'optional', today: 'optional' } as const
const conversationSlots = { ...mixtureSlots, question: 'optional', history: 'optional' } as const

/** Slots of the prompts that show drafts to the aggregate. */
export const draftsPromptSlots = {
  ...conversationSlots,
  drafts: 'required',
  draft_count: 'optional',
  boundary: 'optional',
} as const

/** Slots of a template that rewrites the last message of the user for a worker. */
export const workerTemplateSlots = { ...conversationSlots, question: 'required', 'worker.name': 'optional' } as const

/** Slots of a system prompt for every member of a mixture. */
export const mixtureSystemPromptSlots = mixtureSlots

/** Slots of a system prompt for one worker. */
export const workerSystemPromptSlots = { ...mixtureSlots, 'worker.name': 'optional' } as const

/** Slots of a system prompt for the aggregate. */
export const aggregateSystemPromptSlots = mixtureSlots

/** The texts that stand where the user wrote none: what `mollmr prompts` prints. */
export const defaultMixturePrompts: Readonly<Record<'aggregate' | 'select', TemplateSource>> = {
  aggregate: readPromptFile(new URL('./prompts/aggregate.md', import.meta.url)),
  select: readPromptFile(new URL('./prompts/select.md', import.meta.url)),
}

/** The default prompts, checked once: a mixture composed for one request must not read files. */
export const defaultTemplates = {
  aggregate: parseTemplate({ ...defaultMixturePrompts.aggregate, slots: draftsPromptSlots }),
  select: parseTemplate({ ...defaultMixturePrompts.select, slots: draftsPromptSlots }),
} as const

/** The values of `question` and `history` for a request: the last message of the user, and what came before it. */
export function conversationValues({
  body: { messages },
}: ChatRequest): SlotValues<{ question: 'optional'; history: 'optional' }> {
  const last = lastUserMessage(messages)
  return {
    question: last ? textOf(last) : '',
    history: () => {
      const before = messages.filter((message) => message !== last && textOf(message) !== '')
      return before.map((message) => `${message.role}: ${textOf(message)}`).join('\n\n')
    },
  }
}
