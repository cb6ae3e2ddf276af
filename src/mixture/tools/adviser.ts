import { readPromptFile } from '../../prompt/read-prompt-file.ts'
import { parseTemplate } from '../../prompt/template.ts'
import { adviserSlots } from '../mixture-prompts.ts'

/** What a worker is told that advises, where the user wrote nothing else. */
export const defaultAdviser = parseTemplate({
  ...readPromptFile(new URL('../prompts/adviser.md', import.meta.url)),
  slots: adviserSlots,
})
