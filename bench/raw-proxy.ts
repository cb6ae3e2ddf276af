/**
 * The yardstick: what a proxy costs that only passes requests on. node:http and undici's `dispatch`, JSON parsed and
 * written both ways, streams as bytes. No routing, no errors told apart, no ledger: whatever MoLLMR costs above this is
 * its own doing.
 *
 * Run: `node raw-proxy.ts PORT UPSTREAM_ORIGIN`
 */
import { createServer, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'

const [port, upstreamOrigin] = process.argv.slice(2)
if (port === undefined || upstreamOrigin === undefined) throw new Error('Usage: node raw-proxy.ts PORT UPSTREAM_ORIGIN')

const pool = new Pool(upstreamOrigin, { connections: null, pipelining: 1, keepAliveTimeout: 60_000 })

createServer((request, response) => {
  if (request.method === 'GET') return void response.end('live')
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    forward(joined(pieces), response)
  })
}).listen(Number(port), '127.0.0.1')

function forward(bytes: Buffer, response: ServerResponse): void {
  const { model, ...rest } = JSON.parse(bytes.toString()) as Record<string, unknown>
  const body = JSON.stringify({ model, ...rest })
  const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-test' }
  const handler = rest['stream'] === true ? streamTo(response) : answerTo(response, model)
  pool.dispatch({ method: 'POST', path: '/v1/chat/completions', headers, body }, handler)
}

function answerTo(response: ServerResponse, model: unknown): Dispatcher.DispatchHandler {
  const pieces: Buffer[] = []
  let status = 502
  return {
    onRequestStart: () => undefined,
    onResponseStart: (_, statusCode) => {
      status = statusCode
    },
    onResponseData: (_, piece) => {
      pieces.push(piece)
    },
    onResponseEnd: () => {
      const completion = JSON.parse(joined(pieces).toString()) as Record<string, unknown>
      completion['model'] = model
      const body = Buffer.from(JSON.stringify(completion))
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
    },
    onResponseError: () => {
      response.writeHead(502).end()
    },
  }
}

function streamTo(response: ServerResponse): Dispatcher.DispatchHandler {
  let pieces: Buffer[] = []
  const flush = (controller: Dispatcher.DispatchController): void => {
    if (pieces.length > 0 && !response.write(joined(pieces))) controller.pause()
    pieces = []
  }
  return {
    onRequestStart: (controller) => {
      response.on('drain', () => {
        controller.resume()
      })
      response.on('close', () => {
        if (!response.writableFinished) controller.abort(new Error('The caller has gone.'))
      })
    },
    onResponseStart: (_, statusCode) => {
      response.writeHead(statusCode, { 'content-type': 'text/event-stream' })
    },
    // One read of the socket brings many pieces: they leave as one chunk when all of them are here.
    onResponseData: (controller, piece) => {
      if (pieces.push(piece) === 1) process.nextTick(flush, controller)
    },
    onResponseEnd: () => {
      response.end(joined(pieces))
      pieces = []
    },
    onResponseError: () => {
      response.destroy()
    },
  }
}

/** Most bodies come in one piece: no copy for those. */
function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces)
}
