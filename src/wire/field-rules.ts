/** What a field of a request must be, in words for the caller and as a check. */
import { RequestError } from '../chat/errors.ts'
import { isObject } from '../chat/loose-json.ts'

export interface FieldRule {
  readonly wants: string
  readonly holds: (value: unknown) => boolean
  readonly required: boolean
}

export type FieldRules = readonly (readonly [field: string, rule: FieldRule])[]

export function isListOf(value: unknown, type: 'string' | 'object'): boolean {
  return Array.isArray(value) && value.every((item) => (type === 'object' ? isObject(item) : typeof item === type))
}

/** A rule for a field that may be left out or null. */
export function optional(wants: string, holds: (value: unknown) => boolean): FieldRule {
  return { wants: `${wants} or null`, holds: (value) => value === null || holds(value), required: false }
}

export function required(wants: string, holds: (value: unknown) => boolean): FieldRule {
  return { wants, holds, required: true }
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

export function isBetween(value: unknown, low: number, high: number): boolean {
  return isNumber(value) && value >= low && value <= high
}

export const flag = optional('true or false', (value) => typeof value === 'boolean')
/** -1 and 0 are how some clients say "no limit". */
export const tokenLimit = optional('a whole number', (value) => Number.isSafeInteger(value))
export const object = optional('an object', isObject)
export const list = optional('a list', Array.isArray)
export const modelId = required(
  'the id of a model, a mixture or "router"',
  (value) => typeof value === 'string' && value !== '',
)
/** Fields that every dialect names alike. */
export const sampling = {
  temperature: optional('a number of at least 0', (value) => isBetween(value, 0, Number.MAX_VALUE)),
  top_p: optional('a number from 0 to 1', (value) => isBetween(value, 0, 1)),
}

/** Throws a `RequestError` that names the first field which its rule does not allow; `path` comes before its name. */
export function checkFields(body: Readonly<Record<string, unknown>>, rules: FieldRules, path = ''): void {
  for (const [field, rule] of rules) {
    const value = body[field]
    if (value === undefined ? rule.required : !rule.holds(value)) throw invalidField(path + field, rule.wants)
  }
}

export function invalidField(param: string, wants: string): RequestError {
  return new RequestError('invalid_request', `${param} must be ${wants}.`, { param })
}
