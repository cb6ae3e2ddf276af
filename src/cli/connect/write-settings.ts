import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../chat/errors.ts'
import type { Client, Gateway, SettingsFile } from './client.ts'
import { mergeSettings } from './settings-text.ts'

/** Where clients look for their files. */
export interface Places {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** The folder that the command is used in. */
  readonly folder: string
}

export interface WrittenSettings {
  readonly path: string
  /** The file as it was before; undefined where there was none, or nothing had to change. */
  readonly backup?: string
  readonly hasChanged: boolean
}

export function pathOf({ folder, variable, name }: SettingsFile, places: Places): string {
  const moved = variable === undefined ? undefined : places.env[variable]
  if (moved) return join(moved, name)
  return join(folder.startsWith('~') ? places.home + folder.slice(1) : join(places.folder, folder), name)
}

/** Puts the settings into the client's file, beside what is there, and keeps the file as it was. @throws ConfigError where the file cannot be read */
export function writeSettings(client: Client, gateway: Gateway, places: Places): WrittenSettings {
  const path = pathOf(client.file, places)
  const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  const after = merged(before ?? '', path, { client, gateway })
  if (after === before) return { path, hasChanged: false }
  const backup = before === undefined ? undefined : freeName(`${path}.bak`)
  if (backup !== undefined) copyFileSync(path, backup)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, after)
  return { path, hasChanged: true, ...(backup === undefined ? {} : { backup }) }
}

function merged(
  before: string,
  path: string,
  { client, gateway }: { readonly client: Client; readonly gateway: Gateway },
): string {
  try {
    return mergeSettings(before, { ...client, settings: client.settings(gateway) })
  } catch (cause) {
    const said = (cause as Error).message.split('\n')[0] ?? ''
    const message = `${path} cannot be read as ${client.file.format.toUpperCase()} (${said}). Mend it, or add by hand what is printed without --write.`
    throw new ConfigError(message, { cause })
  }
}

function freeName(wanted: string): string {
  let name = wanted
  for (let count = 2; existsSync(name); count += 1) name = `${wanted}${count}`
  return name
}
