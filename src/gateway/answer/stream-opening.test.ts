/** The first words of a stream that has to wait for its model. */
import { expect, it } from 'vitest'
import { createFakeModel } from '../../testing/fake-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { runGateway } from '../../testing/run-gateway.ts'

const openAfterMs = 1500
const longestCloseMs = 1000

async function firstWordsOf(path: string, model: string, fields: object): Promise<string> {
  const script = () => [{ hang: true }] as const
  const clock = new FakeClock()
  const models = [
    createFakeModel('plain', { script }),
    createFakeModel('native', { script, card: { speaks: ['openai-responses'] } }),
    createFakeModel('both', { script, card: { kind: 'mixture' } }),
    createFakeModel('router', { script, card: { kind: 'router' } }),
  ]
  const gateway = await runGateway(models, { clock })
  const leave = new AbortController()
  const asked = fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, ...fields }),
    signal: leave.signal,
  })
  await expect.poll(() => models.some(({ calls }) => calls.length > 0)).toBe(true)
  await clock.advance(openAfterMs)
  const read = await (await asked).body?.getReader().read()
  leave.abort()
  const closed = gateway.close()
  await clock.advance(longestCloseMs)
  await closed
  return Buffer.from(read?.value ?? []).toString()
}

it.each([
  ['plain', /^event: response\.created\n/],
  ['both', /^event: response\.created\n/],
  ['native', /^: keep-alive\n\n$/],
  ['router', /^: keep-alive\n\n$/],
])('of the Responses API wait for the id of an upstream only where there may be one: %s', async (model, expected) => {
  expect(await firstWordsOf('/v1/responses', model, { input: 'Hi' })).toMatch(expected)
})

it('of a model that speaks another dialect than its caller are ours', async () => {
  const messages = [{ role: 'user', content: 'Hi' }]
  expect(await firstWordsOf('/v1/messages', 'native', { max_tokens: 5, messages })).toMatch(/^event: message_start\n/)
})
