import type { ConfigPath, Problems } from './problems.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** A variable that a config names, and where. */
export interface VariableUse {
  readonly name: string
  readonly path: ConfigPath
}

/** The value with `${VAR}` and `${VAR:-default}` replaced in all its strings; an unset one without default is a problem. */
export function expandVariables(value: unknown, env: Environment, problems: Problems): unknown {
  const valueOf = ([whole, name, fallback]: readonly unknown[], path: ConfigPath): string => {
    const set = env[String(name)]
    if (set !== undefined && (set !== '' || fallback === undefined)) return set
    if (typeof fallback === 'string') return fallback
    problems.add(
      path,
      `the environment variable ${String(name)} is not set; set it, or write \${${String(name)}:-default}`,
    )
    return String(whole)
  }
  return mapTexts(value, [], (text, path) => text.replace(variable, (...match) => valueOf(match, path)))
}

/** The variables that a value names, before any is replaced. */
export function variablesIn(value: unknown): readonly VariableUse[] {
  const uses: VariableUse[] = []
  mapTexts(value, [], (text, path) => {
    for (const [, name = ''] of text.matchAll(variable)) uses.push({ name, path })
    return text
  })
  return uses
}

function mapTexts(value: unknown, path: ConfigPath, map: (text: string, path: ConfigPath) => string): unknown {
  if (typeof value === 'string') return map(value, path)
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, [...path, index], map))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, [...path, key], map)]))
}
