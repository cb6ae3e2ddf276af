import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TemplateSource } from './template.ts'

/** Reads a prompt that lies beside the code: `readPromptFile(new URL('./prompts/select.md', import.meta.url))`. */
export function readPromptFile(url: URL): TemplateSource {
  const path = fileURLToPath(url)
  return { text: readFileSync(path, 'utf8'), origin: path }
}
