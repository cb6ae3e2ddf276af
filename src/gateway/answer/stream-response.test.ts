import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { openChaosClient, writeRequest } from '../../testing/chaos-client.ts'
import { FakeClock, settlePromises } from '../../testing/fake-clock.ts'
import { chatDialect } from '../../wire/openai-chat/chat-dialect.ts'
import { endSlowReaders } from './delivery.ts'
import { streamResponse } from './stream-response.ts'

let server: Server

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

/** The response to a client that asks once, and its address. */
async function openResponse(
  clock: FakeClock,
): Promise<{ readonly url: string; readonly response: Promise<ServerResponse> }> {
  server = createServer()
  endSlowReaders(server, clock)
  const response = new Promise<ServerResponse>((resolve) => {
    server.once('request', (_request, answer) => {
      resolve(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, response }
}

const head = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm' }
const events = { made: 0, closed: false }

/** Says something new as often as it is asked, for ever. */
async function* endless(): AsyncGenerator<ChatEvent> {
  try {
    for (;;) {
      events.made += 1
      const chunk = { ...head, choices: [{ index: 0, delta: { content: 'x'.repeat(1000) }, finish_reason: null }] }
      yield await Promise.resolve({ type: 'chunk' as const, chunk })
    }
  } finally {
    events.closed = true
  }
}

it('holds at most 256 KiB for a caller that does not read, and ends it after a minute', async () => {
  const clock = new FakeClock()
  const { url, response } = await openResponse(clock)
  const client = await openChaosClient(url)
  client.pause()
  client.write(writeRequest('/'))
  const opened = await response
  const bytes = Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true }))
  const frames = chatDialect
    .parse(bytes, { headers: {} })
    .createFrames({ requestId: 'r', now: () => 1, ledger: () => null })
  const ended = streamResponse(opened, endless(), { frames, headers: () => ({}), clock }).then(
    () => null,
    (error: unknown) => error,
  )
  // Until the kernel takes no more, too: then nothing is made any longer.
  for (let before = -1; before !== events.made;) {
    before = events.made
    await settlePromises()
  }
  expect(opened.writableNeedDrain).toBe(true)
  expect(opened.writableLength).toBeLessThan(256 * 1024)
  // From the second in which it was seen not to read.
  await clock.advance(60_000)
  expect(opened.destroyed).toBe(false)
  await clock.advance(1000)
  expect(await ended).toMatchObject({ code: 'slow_client' })
  expect([opened.destroyed, events.closed, clock.pending]).toEqual([true, true, 0])
  client.leave()
})
