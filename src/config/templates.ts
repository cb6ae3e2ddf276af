import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { SystemPromptConfig, TemplateConfig } from './config.ts'
import type { SystemPromptFile } from './config-file.ts'
import type { ConfigPath, Problems } from './problems.ts'

/** Reads the templates of one config: inline texts, and files beside the config file. */
export class TemplateReader {
  /** Absolute paths of the files that were named, found or not: a change of one changes the config. */
  readonly files: string[] = []
  readonly #folder: string
  readonly #problems: Problems

  constructor(folder: string, problems: Problems) {
    this.#folder = folder
    this.#problems = problems
  }

  read(written: string, path: ConfigPath): TemplateConfig {
    if (!isFileName(written)) return { text: written, origin: this.#problems.placeOf(path) }
    const file = resolve(this.#folder, written)
    this.files.push(file)
    return { text: this.#readFile(file, path), origin: relative(this.#folder, file) }
  }

  readSystemPrompt(written: SystemPromptFile, path: ConfigPath): SystemPromptConfig {
    if (typeof written === 'string') return { mode: 'append', template: this.read(written, path) }
    if ('append' in written) return { mode: 'append', template: this.read(written.append, [...path, 'append']) }
    if ('prepend' in written) return { mode: 'prepend', template: this.read(written.prepend, [...path, 'prepend']) }
    if ('replace' in written) return { mode: 'replace', template: this.read(written.replace, [...path, 'replace']) }
    return { mode: written.mode, template: this.read(written.template, [...path, 'template']) }
  }

  #readFile(file: string, path: ConfigPath): string {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      this.#problems.add(path, `there is no file ${file}; a template is a text or the path of a file`)
      return ''
    }
  }
}

/** One line that ends like a file: a text never does. */
function isFileName(written: string): boolean {
  return /^[^\n{}]+\.(md|txt|liquid)$/.test(written)
}
