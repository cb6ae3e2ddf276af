const secretName = /key|token|secret|password|credential|authorization/i

/** The texts in a provider's options that must not be told: those whose name says so, at any depth. */
export function secretsIn(options: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (typeof value === 'string') return secretName.test(name) ? [value] : []
    return typeof value === 'object' && value !== null ? secretsIn(value as Readonly<Record<string, unknown>>) : []
  })
}
