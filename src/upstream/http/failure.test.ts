import { expect, it } from 'vitest'
import { failureOfConnection } from './failure.ts'

it.each(['EMFILE', 'ENFILE'])(
  'a connection that our own process may not open (%s) is no failure of the upstream',
  (code) => {
    const error = failureOfConnection({ id: 'm', secrets: [] }, Object.assign(new Error('x'), { code }), false)
    expect([error.code, error.isRetryable]).toEqual(['overloaded', true])
  },
)
