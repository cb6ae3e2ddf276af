import { describe, expect, it } from 'vitest'
import { failureOfAnswer, failureOfConnection } from './failure.ts'

const model = { id: 'm', secrets: [] }

it.each(['EMFILE', 'ENFILE'])(
  'a connection that our own process may not open (%s) is no failure of the upstream',
  (code) => {
    const error = failureOfConnection(model, Object.assign(new Error('x'), { code }), false)
    expect([error.code, error.isRetryable]).toEqual(['overloaded', true])
  },
)

describe('an answer with a good status', () => {
  const said = { index: 0, delta: { content: '' }, finish_reason: null }

  it.each([
    ['an error beside choices', { error: { code: 502, message: 'gone' }, choices: [said] }, 'upstream_error'],
    ['an error of a name', { error: { code: 'rate_limit_exceeded' }, choices: [said] }, 'rate_limit_exceeded'],
    ['an error in words', { error: 'overloaded', choices: [said] }, 'upstream_error'],
    ['an error beside no choices', { error: { code: 401 }, choices: [] }, 'upstream_auth_failed'],
    ['an error instead of choices', { error: { code: 404 } }, 'upstream_model_not_found'],
    ['an error in the second choice', { choices: [said, { ...said, error: { code: 429 } }] }, 'rate_limit_exceeded'],
    ['an error as its finish reason', { choices: [{ ...said, finish_reason: 'error' }] }, 'upstream_error'],
    [
      'a server that gave up',
      { choices: [{ ...said, finish_reason: 'insufficient_system_resource' }] },
      'upstream_error',
    ],
    ['no error, but the field for one', { error: null, choices: [said] }, undefined],
    ['an error without anything in it', { error: {}, choices: [said] }, undefined],
    ['an error without words', { error: '', choices: [{ ...said, error: null }] }, undefined],
    ['usage alone', { error: null, choices: [], usage: {} }, undefined],
    ['no object', [said], undefined],
  ])('and %s', (_, body, code) => {
    expect(failureOfAnswer(model, body)?.code).toBe(code)
  })

  it('of another kind is looked through by its own list', () => {
    const vectors = { data: [{ index: 0, embedding: [] }] }
    expect(failureOfAnswer(model, vectors, 'data')).toBeUndefined()
    expect(failureOfAnswer(model, { ...vectors, error: { code: 401 } }, 'data')?.code).toBe('upstream_auth_failed')
  })
})
