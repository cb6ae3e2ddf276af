/** What is wrong with the form of a request: what Node's parser lets through although two readers of it could disagree. */
import type { IncomingMessage } from 'node:http'
import { RequestError } from '../../chat/errors.ts'

const maxHeaders = 100

/** Why a request is not served whatever it asks; null where its form is good. */
export function requestFlawOf(request: IncomingMessage): RequestError | null {
  const { httpVersion, method, url = '', headers, rawHeaders } = request
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return invalid('Speak HTTP/1.1.')
  if (rawHeaders.length > 2 * maxHeaders) {
    return new RequestError('headers_too_large', `The request has more than ${maxHeaders} header fields.`)
  }
  const hosts = countHosts(rawHeaders)
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) return invalid('The request must have one Host header.')
  if (!url.startsWith('/')) return invalid('Ask for a path, like /v1/models; this is no proxy.')
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0')) {
    return invalid('The only transfer-encoding that is understood is chunked, in HTTP/1.1.')
  }
  if (isHttp2Upgrade(headers)) return invalid('HTTP/2 is not spoken here: let the client use HTTP/1.1.')
  if (method === 'TRACE') return new RequestError('method_not_allowed', 'TRACE is not answered.')
  return null
}

/** `headers` keeps the first of several; the raw list has names and values in turn. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts
}

function isHttp2Upgrade(headers: IncomingMessage['headers']): boolean {
  return headers['http2-settings'] !== undefined || headers.upgrade?.toLowerCase().includes('h2c') === true
}

function invalid(message: string): RequestError {
  return new RequestError('invalid_request', message)
}
