import { z } from 'zod'
import { nearestName } from '../chat/nearest-name.ts'

/** An object that knows all its keys: another one is an error that names the nearest. */
export function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => unknownKey(key, known)).join('\n') : undefined,
  })
}

function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known)
  return nearest === undefined
    ? `unknown key; known are ${known.join(', ')}`
    : `unknown key, did you mean "${nearest}"?`
}
