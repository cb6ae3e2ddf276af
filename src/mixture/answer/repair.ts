import { readPromptFile } from '../../prompt/read-prompt-file.ts'
import { parseTemplate } from '../../prompt/template.ts'
import { repairSlots } from '../mixture-prompts.ts'

/** What the aggregate is told whose answer lacks the form that the client wants, where the user wrote nothing else. */
export const defaultRepair = parseTemplate({
  ...readPromptFile(new URL('../prompts/repair.md', import.meta.url)),
  slots: repairSlots,
})
