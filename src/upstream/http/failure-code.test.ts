import { describe, expect, it } from 'vitest'
import { failureOfConnection, failureOfStatus } from './failure.ts'

const model = { id: 'm', secrets: [] }

function codeOf(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): string {
  return failureOfStatus(model, { status, headers }, JSON.stringify(body)).code
}

function saying(message: string, fields: object = {}): object {
  return { error: { message, ...fields } }
}

describe("the caller's fault, which must not rest a model for others", () => {
  it.each([
    [
      400,
      saying("Invalid schema for function 'get_billing_info': exceeded your current quota, credit balance is too low"),
    ],
    [400, saying("messages[0].role: 'your credit balance is too low' is no role")],
    [400, saying("Unknown tool 'api key not valid'")],
    [422, saying('billing: field required')],
    [409, saying('Another process works on this conversation', { code: 'conversation_locked' })],
    [413, saying('Too large')],
    [415, saying('image/bmp is not read')],
    [424, saying('Error retrieving the tools of the MCP server')],
    [451, saying('Not here')],
    [403, saying('Input was flagged', { code: 403, metadata: { reasons: ['violence'], flagged_input: 'x' } })],
    [403, saying('Request blocked: prompt injection patterns detected', { code: 403 })],
    [
      403,
      { code: 'permission-denied', error: 'Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO' },
    ],
    [403, { code: 'permission-denied', error: "I can't help with that request." }],
    [403, saying('No.', { code: 'content_policy_violation' })],
  ])('is %i with %j', (status, body) => {
    expect(codeOf(status, body)).toBe('upstream_bad_request')
  })

  it.each([
    [400, saying('Too many.', { code: 'context_length_exceeded' })],
    [400, saying('prompt is too long: 250000 tokens > 200000 maximum')],
    [413, saying('The input exceeds the context window')],
  ])('is %i with %j, where it is too long', (status, body) => {
    expect(codeOf(status, body)).toBe('context_length_exceeded')
  })
})

describe("the operator's account", () => {
  it.each([
    [402, saying('Insufficient credits', { code: 402 })],
    [402, {}],
    [429, saying('Pay.', { code: 'insufficient_quota' })],
    [429, saying('You exceeded your current quota, please check your plan and billing details.')],
    [403, saying('Your team has not got any credits yet')],
    [400, saying('Your credit balance is too low to access the Anthropic API.', { type: 'invalid_request_error' })],
    [400, saying('Reached.', { code: 'billing_hard_limit_reached', type: 'invalid_request_error' })],
  ])('is used up at %i with %j', (status, body) => {
    expect(codeOf(status, body)).toBe('upstream_quota_exhausted')
  })

  it.each([
    [401, {}],
    [403, saying('Your account was flagged')],
    [407, {}],
    [400, saying('API key not valid. Please pass a valid API key.', { code: 400 })],
    [400, { code: 'invalid-argument', error: 'Incorrect API key provided: ab***yz.' }],
  ])('has a wrong key at %i with %j', (status, body) => {
    expect(codeOf(status, body)).toBe('upstream_auth_failed')
  })

  it('is not used up where a limit of the rate speaks of it and says how long it holds', () => {
    const body = saying('You exceeded your current quota, check billing.')
    expect(codeOf(429, body, { 'retry-after': '3' })).toBe('rate_limit_exceeded')
    expect(codeOf(429, saying('x', { code: 'insufficient_quota' }), { 'retry-after': '3' })).toBe(
      'upstream_quota_exhausted',
    )
  })
})

it.each([
  [404, 'upstream_model_not_found'],
  [405, 'upstream_bad_content_type'],
  [408, 'upstream_error'],
  [499, 'upstream_error'],
  [500, 'upstream_error'],
  [307, 'upstream_redirect'],
])('the status %i alone means %s, whatever is said', (status, code) => {
  expect([codeOf(status, {}), codeOf(status, saying('billing, context length, api key not valid'))]).toEqual([
    code,
    code,
  ])
})

describe('a connection', () => {
  const codeOfBroken = (code: string, hasBegun: boolean): string =>
    failureOfConnection(model, Object.assign(new Error('x'), { code }), hasBegun).code

  it.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EAI_FAIL',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
    'EADDRNOTAVAIL',
    'EACCES',
    'ETIMEDOUT',
    'EPROTO',
    'UND_ERR_CONNECT_TIMEOUT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'INVALID_CA',
    'INVALID_PURPOSE',
    'HOSTNAME_MISMATCH',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])('that never came to be for %s says that the upstream cannot be reached', (reason) => {
    expect(codeOfBroken(reason, false)).toBe('upstream_unreachable')
  })

  it.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', ''])('that ended before its answer for %j was reset', (reason) => {
    expect(codeOfBroken(reason, false)).toBe('upstream_reset')
  })

  it.each(['ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'])(
    'that breaks in mid-answer for %s was reached before',
    (reason) => {
      expect(codeOfBroken(reason, true)).toBe('upstream_stream_cut')
    },
  )
})
