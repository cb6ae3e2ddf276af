/** Answers that end only once their request is written down. */
import { afterEach, describe, expect, it } from 'vitest'
import { OverloadError, UpstreamError } from '../../chat/errors.ts'
import { createFailingModel, createFakeModel, createSayingModel } from '../../testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../../testing/run-gateway.ts'
import type { Trace } from '../../trace/trace.ts'

let gateway: RunningGateway

afterEach(async () => {
  await gateway.close()
})

const hello = { model: 'generic', messages: [{ role: 'user', content: 'Hi' }] }

/** Written down when the test says so. */
interface Pending {
  readonly trace: Trace
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

async function running(model: Parameters<typeof runGateway>[0][number]): Promise<Pending[]> {
  const pending: Pending[] = []
  gateway = await runGateway([model], {
    record: (trace) =>
      new Promise((resolve, reject) => {
        pending.push({ trace, resolve, reject })
      }),
  })
  return pending
}

const outcomeOf = (pending: Pending | undefined): unknown => pending?.trace.spans()[0]?.outcome
const unwritable = new OverloadError('cannot write its request log')

describe('an answer that waits for its record', () => {
  it('comes whole once it is written down, as ok', async () => {
    const pending = await running(createSayingModel('generic', 'Hello'))
    let hasCome = false
    const asked = gateway.chat(hello).then((response) => {
      hasCome = true
      return response
    })
    await expect.poll(() => pending.length).toBe(1)
    expect([hasCome, outcomeOf(pending[0])]).toEqual([false, 'ok'])
    pending[0]?.resolve()
    expect(await (await asked).json()).toMatchObject({ choices: [{ message: { content: 'Hello' } }] })
    expect([pending.length, gateway.traces]).toEqual([1, []])
  })

  it('streams at once, and ends once it is written down', async () => {
    const pending = await running(createSayingModel('generic', 'Hello'))
    const reader = (await gateway.chat({ ...hello, stream: true })).body?.getReader()
    let text = ''
    const read = async (): Promise<boolean> => {
      const { done, value } = (await reader?.read()) ?? { done: true }
      text += Buffer.from(value ?? []).toString()
      return !done
    }
    while (!text.includes('Hello')) await read()
    await expect.poll(() => pending.length).toBe(1)
    expect(text).not.toContain('[DONE]')
    pending[0]?.resolve()
    while (await read());
    expect(text).toContain('data: [DONE]')
  })

  it('is a 503, or an error in the stream, where it cannot be written down', async () => {
    const pending = await running(createSayingModel('generic', 'Hello'))
    const asked = [gateway.chat(hello), gateway.chat({ ...hello, stream: true })]
    await expect.poll(() => pending.length).toBe(2)
    for (const { reject } of pending) reject(unwritable)
    const [whole, streamed] = await Promise.all(asked)
    expect([whole?.status, ((await whole?.json()) as { error: object }).error]).toMatchObject([
      503,
      { code: 'overloaded' },
    ])
    const text = await streamed?.text()
    expect(text).toContain('"code":"overloaded"')
    expect(text).not.toContain('[DONE]')
  })

  it('is an error that waits as well', async () => {
    const pending = await running(createFailingModel('generic', new UpstreamError('upstream_reset', 'gone')))
    const asked = gateway.chat(hello)
    await expect.poll(() => pending.length).toBe(1)
    expect(outcomeOf(pending[0])).toBe('upstream_reset')
    pending[0]?.resolve()
    expect((await asked).status).toBe(502)
    expect([pending.length, gateway.traces]).toEqual([1, []])
  })

  it('is told of without waiting where the caller has left', async () => {
    const pending = await running(
      createFakeModel('generic', { script: () => [{ delta: { content: 'a' } }, { hang: true }] }),
    )
    const leave = new AbortController()
    await gateway.chat({ ...hello, stream: true }, { signal: leave.signal })
    leave.abort()
    await expect.poll(() => gateway.traces.length + pending.length).toBe(1)
    expect([...gateway.traces, ...pending.map(({ trace }) => trace)][0]?.spans()[0]?.outcome).toBe('client_closed')
    for (const { resolve } of pending) resolve()
  })
})

it('nothing is taken on while there is a complaint', async () => {
  let complaint: string | null = 'cannot write its request log'
  const model = createSayingModel('generic', 'Hello')
  gateway = await runGateway([model], { complaint: () => complaint })
  const refused = await gateway.chat(hello)
  expect(refused.status).toBe(503)
  expect(await refused.text()).toContain('cannot write its request log')
  complaint = null
  expect((await gateway.chat(hello)).status).toBe(200)
})
