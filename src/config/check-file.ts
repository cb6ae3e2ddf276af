import type { z } from 'zod'
import { type ConfigFile, configFileSchema } from './config-file.ts'
import type { ConfigPath, Problems } from './problems.ts'

type Issue = z.core.$ZodIssue

/** The file in its checked form; null where something is wrong with it, which then stands in `problems`. */
export function checkFile(value: unknown, problems: Problems): ConfigFile | null {
  const result = configFileSchema.safeParse(value ?? {})
  if (result.success) return result.data
  for (const issue of result.error.issues) tell(issue, [], problems)
  return null
}

function tell(issue: Issue, parent: ConfigPath, problems: Problems): void {
  const path = [...parent, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))]
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n')
    issue.keys.forEach((key, index) => {
      problems.add([...path, key], messages[index] ?? 'unknown key')
    })
  } else if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    for (const inner of likeliest(issue.errors)) tell(inner, path, problems)
  } else {
    problems.add(path, plain(issue))
  }
}

/** Of the alternatives, the one that was meant: its own type fits, and least is wrong with it. */
function likeliest(alternatives: readonly (readonly Issue[])[]): readonly Issue[] {
  const misses = (issues: readonly Issue[]): number => {
    const isOtherType = issues.some((issue) => issue.path.length === 0 && issue.code === 'invalid_type')
    return (isOtherType ? 1000 : 0) + issues.length
  }
  return alternatives.toSorted((a, b) => misses(a) - misses(b))[0] ?? []
}

function plain(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'is missing'
  const message = issue.message.replace(/^Invalid input: /, '').replace(/^Invalid option: /, '')
  return message.charAt(0).toLowerCase() + message.slice(1)
}
