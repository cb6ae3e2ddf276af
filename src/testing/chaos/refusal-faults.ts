/** Answers whose status says that they are none. */
import type { Socket } from 'node:net'
import type { ChaosCall, Fault, Outcome } from './fault.ts'
import { errorJson, head200, jsonResponse } from './say.ts'

interface Refusal {
  readonly status: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

function refusing(code: Outcome, { status, body = errorJson('No.', ''), headers = {} }: Refusal): Fault {
  return { whole: code, streamed: code, play: ({ socket }) => socket.write(jsonResponse(body, status, headers)) }
}

/** A refusal whose body breaks off or hangs after its first bytes. */
function cut(code: Outcome, { status, headers = {} }: Refusal, end: (socket: Socket) => void): Fault {
  const play = ({ socket }: ChaosCall): void => {
    socket.write(head200({ 'content-type': 'application/json', 'content-length': '5000', ...headers }, status))
    socket.write('{"error":{"mess')
    end(socket)
  }
  return { whole: code, streamed: code, play }
}

function limiting(headers: Readonly<Record<string, string>>): Fault {
  return refusing('rate_limit_exceeded', { status: '429 Too Many', headers })
}

export const refusalFaults = {
  '400': refusing('upstream_bad_request', { status: '400 Bad Request' }),
  '400 that speaks of billing': refusing('upstream_bad_request', {
    status: '400 Bad Request',
    body: errorJson("Invalid schema for function 'get_billing_info'", 'invalid_function_parameters'),
  }),
  '409': refusing('upstream_bad_request', { status: '409 Conflict' }),
  '413': refusing('upstream_bad_request', { status: '413 Too Large' }),
  '422': refusing('upstream_bad_request', { status: '422 Unprocessable' }),
  'context overflow': refusing('context_length_exceeded', {
    status: '400 Bad Request',
    body: errorJson('Too long.', 'context_length_exceeded'),
  }),
  '401': refusing('upstream_auth_failed', { status: '401 Unauthorized' }),
  '403': refusing('upstream_auth_failed', { status: '403 Forbidden' }),
  '403 of a moderation': refusing('upstream_bad_request', {
    status: '403 Forbidden',
    body: errorJson('Input was flagged', '403', { metadata: { reasons: ['violence'], flagged_input: 'The wheels' } }),
  }),
  '404': refusing('upstream_model_not_found', { status: '404 Not Found' }),
  '405': refusing('upstream_bad_content_type', { status: '405 Not Allowed' }),
  '429 for a second': limiting({ 'retry-after': '1' }),
  '429 in milliseconds': limiting({ 'retry-after-ms': '20' }),
  '429 for an hour': limiting({ 'retry-after': '3600' }),
  '429 until a date': limiting({ 'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT' }),
  '429 without a time': limiting({}),
  '429 of nonsense': limiting({ 'retry-after-ms': 'Infinity', 'retry-after': 'Infinity' }),
  'quota used up': refusing('upstream_quota_exhausted', {
    status: '429 Too Many',
    body: errorJson('Pay.', 'insufficient_quota'),
  }),
  '402': refusing('upstream_quota_exhausted', {
    status: '402 Payment Required',
    body: errorJson('Insufficient credits', '402'),
  }),
  '500': refusing('upstream_error', { status: '500 Oops' }),
  '502 with HTML': refusing('upstream_error', {
    status: '502 Bad Gateway',
    body: '<html>bad</html>',
    headers: { 'content-type': 'text/html' },
  }),
  '503': refusing('upstream_error', { status: '503 Busy' }),
  '529': refusing('upstream_error', { status: '529 Overloaded' }),
  '500 with a long page': refusing('upstream_error', {
    status: '500 Oops',
    body: `<html>${'Sorry. '.repeat(15_000)}</html>`,
    headers: { 'content-type': 'text/html' },
  }),
  '401 with a long page': refusing('upstream_auth_failed', {
    status: '401 Unauthorized',
    body: `<html>${'Log in. '.repeat(15_000)}</html>`,
    headers: { 'content-type': 'text/html' },
  }),
  '401 cut in its body': cut('upstream_auth_failed', { status: '401 Unauthorized' }, (socket) => socket.end()),
  '404 reset in its body': cut('upstream_model_not_found', { status: '404 Not Found' }, (socket) => {
    setTimeout(() => socket.resetAndDestroy(), 50)
  }),
  '429 that hangs in its body': cut(
    'rate_limit_exceeded',
    { status: '429 Too Many', headers: { 'retry-after': '30' } },
    () => undefined,
  ),
  redirect: refusing('upstream_redirect', { status: '302 Found', headers: { location: 'http://127.0.0.1:1/' } }),
} satisfies Record<string, Fault>
