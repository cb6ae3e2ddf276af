/** A field that should be text; empty where it is anything else. */
export function textField(object: Readonly<Record<string, unknown>>, field: string): string {
  const value = object[field]
  return typeof value === 'string' ? value : ''
}
