/** The bytes of good answers, and the pieces that bad ones are made of. */
import type { ChaosCall } from './fault.ts'

/** What every good answer says; tests look for it whole. */
export const goodText = 'Forty-two, say the wheels of the mill – ünd nöthing else 🎈.'

const head = { id: 'chatcmpl-chaos', created: 1_763_900_000, model: 'chaos-1' }
const usage = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 }

export function completionJson(fields: object = {}, text: string | null = goodText): string {
  const choices = [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }]
  return JSON.stringify({ ...head, object: 'chat.completion', choices, usage, ...fields })
}

export function chunkJson(delta: object, finishReason: string | null = null, fields: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }]
  return JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...fields })
}

export const roleJson = chunkJson({ role: 'assistant', content: '' })
export const stopJson = chunkJson({}, 'stop')
/** `goodText` in a few deltas. */
export const textJsons: readonly string[] = (goodText.match(/.{1,9}/gsu) ?? []).map((content) => chunkJson({ content }))
export const goodEvents: readonly string[] = eventsOf(textJsons)
export const firstEvents: readonly string[] = goodEvents.slice(0, 4)

function eventsOf(deltas: readonly string[]): readonly string[] {
  return [roleJson, ...deltas, stopJson, '[DONE]']
}

export function errorJson(message: string, code: string, fields: object = {}): string {
  return JSON.stringify({ error: { message, code, type: code, ...fields } })
}

export function frames(events: readonly string[], lineEnd = '\n'): string {
  return events.map((event) => `data: ${event}${lineEnd}${lineEnd}`).join('')
}

/** A response head. A name whose value is empty is left out. */
export function head200(headers: Readonly<Record<string, string>> = {}, status = '200 OK'): string {
  const fields = Object.entries(headers).filter(([, value]) => value !== '')
  return `HTTP/1.1 ${status}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

export function jsonResponse(json: string, status = '200 OK', headers: Readonly<Record<string, string>> = {}): string {
  const about = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(json)), ...headers }
  return head200(about, status) + json
}

export const streamHead = head200({ 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' })

export function chunked(bytes: string | Uint8Array): Buffer {
  const body = Buffer.from(bytes as string)
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])
}

export const lastChunk = '0\r\n\r\n'

/** Starts a stream with these events and leaves it open. */
export function openStream({ socket }: ChaosCall, events: readonly string[]): void {
  socket.write(streamHead)
  socket.write(chunked(frames(events)))
}

/** A whole stream with any bytes as its body. */
export function sendStream({ socket }: ChaosCall, body: string | Uint8Array): void {
  socket.write(streamHead)
  socket.write(chunked(body))
  socket.write(lastChunk)
}

/** A good answer in the form that was asked for. */
export function sayWell(call: ChaosCall): void {
  if (call.isStreamed) sendStream(call, frames(goodEvents))
  else call.socket.write(jsonResponse(completionJson()))
}

/** A good answer of another text: in deltas of 200 characters where it is streamed. */
export function sayText(call: ChaosCall, text: string): void {
  const deltas = (text.match(/.{1,200}/gsu) ?? []).map((content) => chunkJson({ content }))
  say(call, completionJson({}, text), eventsOf(deltas))
}

/** An answer in the form that was asked for, out of its two forms. */
export function say(call: ChaosCall, json: string, events: readonly string[]): void {
  if (call.isStreamed) sendStream(call, frames(events))
  else call.socket.write(jsonResponse(json))
}

/** Writes `piece` again and again until the socket is closed. */
export function drip({ socket }: ChaosCall, everyMs: number, piece: () => string | Uint8Array): void {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer)
    else socket.write(piece())
  }, everyMs)
  socket.once('close', () => {
    clearInterval(timer)
  })
}

/** Writes as fast as the other side takes it, until it closes. */
export function flood({ socket }: ChaosCall, piece: string | Uint8Array): void {
  const pump = (): void => {
    while (!socket.destroyed && socket.write(piece));
    if (!socket.destroyed) socket.once('drain', pump)
  }
  pump()
}
