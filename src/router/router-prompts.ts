/** The two questions that a router asks its base model, and the slots that a user's own version may use. */
import { readPromptFile } from '../prompt/read-prompt-file.ts'
import type { TemplateSource } from '../prompt/template.ts'

/** Slots of `router.prompts.choose`. `conversation` comes with its fence around it. */
export const chooseSlots = {
  options: 'required',
  conversation: 'required',
  reply_format: 'required',
  fence: 'optional',
} as const

/** Slots of `router.prompts.compose`. `conversation` comes with its fence around it. */
export const composeSlots = {
  models: 'required',
  conversation: 'required',
  reply_format: 'required',
  fence: 'optional',
  min_workers: 'optional',
  max_workers: 'optional',
} as const

export interface RouterPrompts {
  readonly choose: TemplateSource
  readonly compose: TemplateSource
}

/** What is used where nothing else is configured. */
export function defaultRouterPrompts(): RouterPrompts {
  return {
    choose: readPromptFile(new URL('./prompts/choose.md', import.meta.url)),
    compose: readPromptFile(new URL('./prompts/compose.md', import.meta.url)),
  }
}
