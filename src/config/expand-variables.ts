import type { ConfigPath, Problems } from './problems.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/** The value with `${VAR}` and `${VAR:-default}` replaced in all its strings; an unset one without default is a problem. */
export function expandVariables(value: unknown, env: Environment, problems: Problems): unknown {
  const expand = (inner: unknown, path: ConfigPath): unknown => {
    if (typeof inner === 'string') return inner.replace(variable, (...match) => valueOf(match, path))
    if (Array.isArray(inner)) return inner.map((item, index) => expand(item, [...path, index]))
    if (typeof inner !== 'object' || inner === null) return inner
    return Object.fromEntries(Object.entries(inner).map(([key, item]) => [key, expand(item, [...path, key])]))
  }
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
  return expand(value, [])
}
