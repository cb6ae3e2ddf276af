import { applyEdits, modify, parse, type ParseError, printParseErrorCode } from 'jsonc-parser'
import type { SettingsChange } from './settings-changes.ts'

/** Reads JSON with comments and trailing commas, as most clients do. @throws Error where it is none */
export function readJson(text: string): unknown {
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error) {
    const line = text.slice(0, error.offset).split('\n').length
    throw new Error(`${printParseErrorCode(error.error)} in line ${line}`)
  }
  return value
}

/** Changes JSON; comments and layout stay. */
export function editJson(text: string, changes: readonly SettingsChange[]): string {
  const formattingOptions = { insertSpaces: !/^\t/m.test(text), tabSize: /^ {4}"/m.test(text) ? 4 : 2, eol: '\n' }
  const edited = changes.reduce(
    (now, { path, value, inserts }) =>
      applyEdits(now, modify(now, [...path], value, { formattingOptions, isArrayInsertion: inserts })),
    text.trim() === '' ? '{}' : text.trimEnd(),
  )
  return `${edited}\n`
}
