/** The prompts of a mixture: which slots each has, and what fills those that speak of the conversation. */
import type { ChatRequest } from '../chat/chat-request.ts'
import { lastUserMessage, textOf } from '../chat/message-text.ts'
import type { SlotValues } from '../prompt/template.ts'

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

/** Slots of what a worker is told that advises the one who can act. */
export const adviserSlots = { ...mixtureSlots, tools: 'optional' } as const

/** Slots of what the aggregate is told whose answer lacks the form that the client wants. */
export const repairSlots = { problem: 'required' } as const

/** Slots of a system prompt for every member of a mixture. */
export const mixtureSystemPromptSlots = mixtureSlots

/** Slots of a system prompt for one worker. */
export const workerSystemPromptSlots = { ...mixtureSlots, 'worker.name': 'optional' } as const

/** Slots of a system prompt for the aggregate. */
export const aggregateSystemPromptSlots = mixtureSlots

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
