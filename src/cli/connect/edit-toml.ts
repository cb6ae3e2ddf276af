import { parse, patch } from '@decimalturn/toml-patch'
import { isSettings, type SettingsChange } from './settings-changes.ts'
import type { Setting } from './client.ts'

export function readToml(text: string): unknown {
  return parse(text)
}

/** Changes TOML; comments and layout stay, and a new table gets a section of its own at the end. */
export function editToml(text: string, changes: readonly SettingsChange[]): string {
  const isSection = ({ path, value }: SettingsChange): boolean => isSettings(value) && path.length <= 2
  const sections = changes.filter(isSection).flatMap(({ path, value }) => sectionsOf(path.map(String), value))
  const patched = patch(
    text,
    changed(
      parse(text),
      changes.filter((change) => !isSection(change)),
    ),
  )
  const appended = [patched.trimEnd(), ...sections].filter((part) => part !== '').join('\n\n') + '\n'
  // A table that was written in one line takes no section.
  return isToml(appended) ? appended : patch(text, changed(parse(text), changes))
}

function changed(settings: unknown, changes: readonly SettingsChange[]): unknown {
  for (const { path, value } of changes) {
    let table = settings as Record<string, unknown>
    for (const key of path.slice(0, -1)) table = (table[key] ??= {}) as Record<string, unknown>
    table[path.at(-1) ?? ''] = value
  }
  return settings
}

/** A section for each table that holds more than tables. */
function sectionsOf(path: readonly string[], value: Setting): string[] {
  if (!isSettings(value)) return []
  const entries = Object.entries(value)
  const lines = entries.filter(([, each]) => !isSettings(each)).map(([key, each]) => `${key} = ${tomlValue(each)}`)
  return [
    ...(lines.length > 0 ? [`[${path.join('.')}]\n${lines.join('\n')}`] : []),
    ...entries.flatMap(([key, each]) => sectionsOf([...path, key], each)),
  ]
}

/** TOML writes strings, numbers and truth values as JSON does. */
export function tomlValue(value: Setting): string {
  return JSON.stringify(value)
}

function isToml(text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
