import type { RequestOptions } from '../chat/chat-request.ts'
import { RequestError } from '../chat/errors.ts'

const checks: Readonly<Record<string, readonly [wants: string, holds: (value: unknown) => boolean]>> = {
  mixture: ['the id of a mixture or model', (value) => typeof value === 'string' && value !== ''],
  strategy: ['the name of a strategy', (value) => typeof value === 'string' && value !== ''],
  quorum: ['a whole number of at least 1', (value) => Number.isInteger(value) && (value as number) >= 1],
  include: ['a list of "usage"', (value) => Array.isArray(value) && value.every((item) => item === 'usage')],
}

/** Reads the body field `mollmr`; an unknown field is an error, because a typo would silently change nothing. */
export function parseRequestOptions(written: unknown): RequestOptions {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    throw new RequestError('invalid_request', 'mollmr must be an object.', { param: 'mollmr' })
  }
  for (const [field, value] of Object.entries(written)) {
    const param = `mollmr.${field}`
    const check = Object.hasOwn(checks, field) ? checks[field] : undefined
    if (!check) {
      const known = Object.keys(checks).join(', ')
      throw new RequestError('invalid_request', `${param} is not known; known are ${known}.`, { param })
    }
    const [wants, holds] = check
    if (!holds(value)) throw new RequestError('invalid_request', `${param} must be ${wants}.`, { param })
  }
  return written
}
