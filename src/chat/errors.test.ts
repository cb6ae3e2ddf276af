import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { statusByCode } from '../gateway/error-response.ts'
import { errorCodeOf, errorCodes, MixtureError, RequestError, UpstreamError } from './errors.ts'

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const documented = [...page.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, code, status]) => [code, Number(status)])

describe('docs/errors.md', () => {
  it('lists every code with the status that the gateway gives it', () => {
    expect(documented).toEqual(errorCodes.map((code) => [code, statusByCode[code]]))
  })
})

describe('errors', () => {
  it('know whether the same call may succeed if it is made again', () => {
    expect(new UpstreamError('upstream_reset', 'gone').isRetryable).toBe(true)
    expect(new UpstreamError('upstream_auth_failed', 'no').isRetryable).toBe(false)
    expect(new RequestError('invalid_request', 'no').isRetryable).toBe(false)
    const failure = { worker: 'a', message: 'x' }
    expect(new MixtureError('all_workers_failed', 'x', [{ ...failure, code: 'upstream_error' }]).isRetryable).toBe(true)
    expect(
      new MixtureError('all_workers_failed', 'x', [{ ...failure, code: 'upstream_bad_request' }]).isRetryable,
    ).toBe(false)
  })

  it('have a code, also where the thrown value is not ours', () => {
    expect(errorCodeOf(new UpstreamError('upstream_timeout', 'late'))).toBe('upstream_timeout')
    expect(errorCodeOf(new TypeError('oops'))).toBe('internal_error')
    expect(errorCodeOf('oops')).toBe('internal_error')
  })
})
