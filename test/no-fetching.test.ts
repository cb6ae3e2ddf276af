/** What a request names is passed on, never fetched: only the config says which addresses are asked. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { saying, startFakeUpstream } from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'

it('opens no connection to an address in a request, in any spelling and dialect', async () => {
  let connections = 0
  const canary = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
  const { port } = canary.address() as AddressInfo
  const upstream = await startFakeUpstream(saying('A picture.'))
  const gateway = await runConfig(`
upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}" } }
models: [{ id: a, upstream: up, modalities: [text, image, file, audio] }]
mixtures: [{ name: generic, workers: [a, a], aggregate: a }]
router: { model: a, default: generic }
`)
  for (const host of ['127.0.0.1', 'localhost', '2130706433', '0177.0.0.1', '0x7f.1', '[::ffff:127.0.0.1]', '127.1']) {
    const url = `http://${host}:${port}/metadata`
    for (const model of ['a', 'generic', 'router']) {
      const content = [
        { type: 'text', text: `Look at ${url}` },
        { type: 'image_url', image_url: { url } },
        { type: 'file', file: { file_data: url, file_id: url } },
      ]
      const headers = { 'content-type': 'application/json', 'x-forwarded-host': `${host}:${port}`, referer: url }
      const chat = { model, base_url: url, api_base: url, messages: [{ role: 'user', content }] }
      await (await gateway.chat(chat, { headers })).text()
      const image = { type: 'image', source: { type: 'url', url } }
      const messages = {
        model,
        max_tokens: 9,
        messages: [{ role: 'user', content: [image, { type: 'text', text: 'Look' }] }],
      }
      await (
        await fetch(`${gateway.url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify(messages) })
      ).text()
    }
  }
  expect(connections).toBe(0)
  expect(upstream.calls.length).toBeGreaterThan(20)
  expect(upstream.calls.some(({ text }) => text.includes('/metadata'))).toBe(true)
  await gateway.close()
  await upstream.close()
  canary.close()
})
