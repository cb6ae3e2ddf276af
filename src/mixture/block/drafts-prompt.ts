import { readPromptFile } from '../../prompt/read-prompt-file.ts'
import { parseTemplate, type Template } from '../../prompt/template.ts'
import { draftsPromptSlots } from '../mixture-prompts.ts'

/** A prompt that shows drafts to a model. What the user writes under its name takes the place of its text. */
export interface DraftsPrompt<Name extends string = string> {
  readonly name: Name
  /** The text that stands where the user wrote none, as `mollmr prompts` prints it. */
  readonly template: DraftsTemplate
}

export type DraftsTemplate = Template<typeof draftsPromptSlots>

/** The prompt in `prompts/NAME.md`, read and checked once: a mixture composed for one request must not read files. */
export function draftsPrompt<const Name extends string>(name: Name): DraftsPrompt<Name> {
  const source = readPromptFile(new URL(`../prompts/${name}.md`, import.meta.url))
  return { name, template: parseTemplate({ ...source, slots: draftsPromptSlots }) }
}
