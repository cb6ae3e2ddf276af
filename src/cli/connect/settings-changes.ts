/** What has to change in settings that somebody has written, so that ours hold too and everything else stays. */
import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../../chat/loose-json.ts'
import type { Setting, Settings } from './client.ts'

export interface SettingsChange {
  readonly path: readonly (string | number)[]
  readonly value: Setting
  /** True where the value is to stand before the element of a list that the path names. */
  readonly inserts: boolean
}

/** The changes that make `current` say what `wanted` says: elements of lists are known by their `id`, else their `name`; new ones come first. */
export function changesTo(current: unknown, wanted: Settings, path: SettingsChange['path'] = []): SettingsChange[] {
  return Object.entries(wanted).flatMap(([key, value]) =>
    changesAt((Object(current) as Readonly<Record<string, unknown>>)[key], value, [...path, key]),
  )
}

function changesAt(current: unknown, value: Setting, path: SettingsChange['path']): SettingsChange[] {
  if (isDeepStrictEqual(current, value)) return []
  if (isSettings(value) && isSettings(current)) return changesTo(current, value, path)
  const elements = Array.isArray(value) ? value.filter(isSettings) : []
  if (elements.length > 0 && Array.isArray(current)) return changesOfList(current, elements, path)
  return [{ path, value, inserts: false }]
}

/** What is already there is changed before anything is inserted, which moves the rest; the last is inserted first, so that their order holds. */
function changesOfList(
  current: readonly unknown[],
  wanted: readonly Settings[],
  path: SettingsChange['path'],
): SettingsChange[] {
  const placed = wanted.map((value) => ({ value, index: current.findIndex((each) => isSame(each, value)) }))
  const known = placed.filter(({ index }) => index >= 0)
  const fresh = placed.filter(({ index }) => index < 0).toReversed()
  return [
    ...known.flatMap(({ value, index }) => changesAt(current[index], value, [...path, index])),
    ...fresh.map(({ value }) => ({ path: [...path, 0], value, inserts: true })),
  ]
}

function isSame(current: unknown, { id, name }: Settings): boolean {
  if (!isSettings(current)) return false
  return id === undefined ? current['name'] === name : current['id'] === id
}

/** Every setting that is no object itself, with the names that lead to it. */
export function leavesOf(settings: Settings, path: readonly string[] = []): (readonly [readonly string[], Setting])[] {
  return Object.entries(settings).flatMap(([key, value]) =>
    isSettings(value) ? leavesOf(value, [...path, key]) : [[[...path, key], value] as const],
  )
}

/** A setting as a word: what is no text is written as JSON. */
export function wordOf(value: Setting): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function isSettings(value: unknown): value is Settings {
  return isObject(value)
}
