/** Settings as the text of a client's file: from nothing, or into what its user has written. */
import { editYaml, readPlainYaml } from '../../config/edit-yaml.ts'
import type { Client, Gateway, Settings, SettingsFormat } from './client.ts'
import { editEnv, readEnv } from './edit-env.ts'
import { editJson, readJson } from './edit-json.ts'
import { editToml, readToml } from './edit-toml.ts'
import { changesTo, type SettingsChange } from './settings-changes.ts'

interface Editor {
  /** @throws Error where the text is not of this format */
  readonly read: (text: string) => unknown
  readonly edit: (text: string, changes: readonly SettingsChange[]) => string
}

const editors: Readonly<Record<SettingsFormat, Editor>> = {
  toml: { read: readToml, edit: editToml },
  json: { read: readJson, edit: editJson },
  yaml: { read: readPlainYaml, edit: editYaml },
  env: { read: readEnv, edit: editEnv },
}

/** What is to be in the file; the frame only where nothing else is written there. */
type Wanted = Pick<Client, 'file' | 'frame'> & { readonly settings: Settings }

/** The text with the settings in it; the same text where they already hold. @throws Error where the text is not of the format */
export function mergeSettings(text: string, { file, frame = {}, settings }: Wanted): string {
  const { read, edit } = editors[file.format]
  const current = Object(text.trim() === '' ? {} : read(text)) as object
  const missing = Object.fromEntries(Object.entries(frame).filter(([key]) => !(key in current)))
  const changes = changesTo(current, { ...missing, ...settings })
  return changes.length === 0 ? text : edit(text, changes)
}

/** The text of a file that has these settings alone. */
export function settingsText(client: Client, gateway: Gateway): string {
  return mergeSettings('', { ...client, settings: client.settings(gateway) })
}
