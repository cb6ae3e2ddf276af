/** A real HTTP server on the loopback that plays an OpenAI-compatible upstream as a test tells it to. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ChatBody } from '../chat/chat-request.ts'

export interface UpstreamCall {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: ChatBody
  /** Resolves when the caller has closed its connection before the answer had ended. */
  readonly aborted: Promise<void>
}

export type UpstreamReply = (response: ServerResponse, call: UpstreamCall) => void | Promise<void>

export interface FakeUpstream {
  /** With the `/v1` that clients are given. */
  readonly baseUrl: string
  readonly calls: readonly UpstreamCall[]
  /** What is answered from now on. */
  reply: UpstreamReply
  close(): Promise<void>
}

/** Starts the server; `reply` answers every chat request. `GET /v1/models` lists `models`. */
export async function startFakeUpstream(reply: UpstreamReply, models: readonly string[] = []): Promise<FakeUpstream> {
  const calls: UpstreamCall[] = []
  const upstream = { baseUrl: '', calls, reply, close: () => Promise.resolve() }
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      sendJson(response, { object: 'list', data: models.map((id) => ({ id, object: 'model' })) })
      return
    }
    void readCall(request, response).then((call) => {
      calls.push(call)
      return upstream.reply(response, call)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  upstream.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  upstream.close = () => {
    server.closeAllConnections()
    return new Promise((resolve) => {
      server.close(() => {
        resolve()
      })
    })
  }
  return upstream
}

/** Answers with a text: as a stream where the call asks for one, else whole. */
export function saying(text: string, fields: object = {}): UpstreamReply {
  return (response, { body }) => {
    if (body.stream !== true) sendJson(response, completionOf(text, fields))
    else sendEvents(response, [...chunksOf(text).map((chunk) => JSON.stringify({ ...chunk, ...fields })), '[DONE]'])
  }
}

/** A call of a tool, with its arguments as they are meant. */
export interface ScriptedCall {
  readonly name: string
  readonly arguments: object
}

/** Answers with calls of tools, `call_1` and so on: in a stream their arguments come in two pieces. */
export function callingTool(...scripted: readonly ScriptedCall[]): UpstreamReply {
  const calls = scripted.map(({ name, arguments: meant }, index) => ({
    id: `call_${index + 1}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(meant) },
  }))
  return (response, { body }) => {
    if (body.stream !== true)
      sendJson(response, completionOfMessage({ content: null, tool_calls: calls }, 'tool_calls'))
    else sendEvents(response, [...chunksOfCalls(calls).map((chunk) => JSON.stringify(chunk)), '[DONE]'])
  }
}

/** Never answers. */
export const hanging: UpstreamReply = () => undefined

/** Answers with a status and a JSON body. */
export function refusing(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): UpstreamReply {
  return (response) => {
    sendJson(response, body, { status, headers })
  }
}

/** Writes to the bare socket, so that an answer can be wrong in any way. */
export function sendingRaw(...pieces: readonly (string | Uint8Array)[]): UpstreamReply {
  return (response) => {
    for (const piece of pieces) response.socket?.write(piece)
    response.socket?.end()
  }
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  {
    status = 200,
    headers = {},
  }: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** Writes each text as one event; ends the response unless told not to. */
export function sendEvents(response: ServerResponse, data: readonly string[], ends = true): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const each of data) response.write(`data: ${each}\n\n`)
  if (ends) response.end()
}

const head = { id: 'chatcmpl-up', created: 1_763_900_000, model: 'up-model-2026', system_fingerprint: 'fp_up' }

/** A `chat.completion` that says `text`. */
export function completionOf(text: string, fields: object = {}): object {
  return { ...completionOfMessage({ content: text }, 'stop'), ...fields }
}

function completionOfMessage(message: object, finishReason: string): object {
  return {
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finishReason }],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  }
}

/** The `chat.completion.chunk` objects that say `text`. */
export function chunksOf(text: string): object[] {
  const words = text.split(/(?<= )/)
  return [
    chunkOf({ role: 'assistant', content: '' }),
    ...words.map((content) => chunkOf({ content })),
    chunkOf({}, 'stop'),
  ]
}

interface WireCall {
  readonly function: { readonly name: string; readonly arguments: string }
}

function chunksOfCalls(calls: readonly WireCall[]): object[] {
  const deltas = calls.flatMap((call, index) => {
    const { name, arguments: text } = call.function
    const half = Math.ceil(text.length / 2)
    const pieces = [text.slice(0, half), text.slice(half)].map((piece) => ({ index, function: { arguments: piece } }))
    return [{ index, ...call, function: { name, arguments: '' } }, ...pieces]
  })
  return [
    chunkOf({ role: 'assistant', content: null }),
    ...deltas.map((delta) => chunkOf({ tool_calls: [delta] })),
    chunkOf({}, 'tool_calls'),
  ]
}

function chunkOf(delta: object, finishReason: string | null = null): object {
  return { ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finishReason }] }
}

async function readCall(request: IncomingMessage, response: ServerResponse): Promise<UpstreamCall> {
  const aborted = new Promise<void>((resolve) => {
    response.once('close', () => {
      if (!response.writableEnded) resolve()
    })
  })
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const text = Buffer.concat(pieces).toString('utf8')
  return { path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) as ChatBody, aborted }
}
