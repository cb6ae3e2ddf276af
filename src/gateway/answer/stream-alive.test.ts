/** A stream before its answer: when it opens, that it is never silent for long, and what progress does to both. */
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '../../chat/chat-event.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { FakeClock, settlePromises } from '../../testing/fake-clock.ts'
import { chatDialect } from '../../wire/openai-chat/chat-dialect.ts'
import type { DraftText, Progress, ProgressListener, ProgressStyle } from '../../wire/progress.ts'
import { streamResponse } from './stream-response.ts'

/** A response that keeps what is written to it, and when. */
class KeptResponse extends EventEmitter {
  writableNeedDrain = false
  readonly destroyed = false
  status: number | null = null
  text = ''
  writableEnded = false
  readonly writableLength = 0
  readonly writtenAtMs: number[] = []
  readonly #clock: FakeClock

  constructor(clock: FakeClock) {
    super()
    this.#clock = clock
  }

  writeHead(status: number): void {
    this.status = status
  }

  write(text: string): boolean {
    this.text += text
    this.writtenAtMs.push(this.#clock.now())
    return true
  }

  end(): void {
    this.writableEnded = true
  }
}

function openStream(progress?: readonly ProgressStyle[]) {
  const clock = new FakeClock()
  const response = new KeptResponse(clock)
  let answer: (events: readonly ChatEvent[]) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const answered = new Promise<readonly ChatEvent[]>((resolve, reject) => {
    answer = resolve
    fail = reject
  })
  const events = async function* (): AsyncGenerator<ChatEvent> {
    yield* await answered
  }
  let tell: (progress: Progress) => void = () => undefined
  let draft: (text: DraftText) => void = () => undefined
  let listening = false
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true })
  const facts = { requestId: 'r', now: () => 1, ledger: () => null, ...(progress ? { progress } : {}) }
  const ended = streamResponse(response as unknown as ServerResponse, events(), {
    frames: chatDialect.parse(Buffer.from(body), { headers: {} }).createFrames(facts),
    headers: () => ({}),
    clock,
    ...(progress
      ? {
          listen: (listener: ProgressListener) => {
            tell = listener.progress
            draft = listener.draft ?? draft
            listening = true
            return () => {
              listening = false
            }
          },
        }
      : {}),
  }).catch((error: unknown) => error)
  return {
    clock,
    response,
    answer,
    fail,
    ended,
    tell: (heard: Progress) => {
      tell(heard)
    },
    draft: (text: string) => {
      draft({ step: 1, name: 'a', kind: 'piece', text })
    },
    isListening: () => listening,
  }
}

const done = (name: string): Progress => ({ step: 1, stage: 'worker', name, state: 'done', atMs: 1 })
const head = { id: 'theirs', object: 'chat.completion.chunk', created: 9, model: 'up' }
const answerEvents: readonly ChatEvent[] = [
  { type: 'chunk', chunk: { ...head, choices: [{ index: 0, delta: { content: 'Yes.' }, finish_reason: 'stop' }] } },
  { type: 'end', usage: null },
]

describe('a stream whose answer takes its time', () => {
  it('opens with the role before 1.5 s have passed, and is never silent for 10 s', async () => {
    const { clock, response, answer, ended } = openStream()
    await clock.advance(1399)
    expect(response.status).toBeNull()
    await clock.advance(1)
    expect(response.status).toBe(200)
    expect(response.text).toContain('"delta":{"role":"assistant","content":""}')
    await clock.advance(118_600)
    const moments = [0, ...response.writtenAtMs, clock.now()]
    const silences = moments.slice(1).map((at, index) => at - (moments[index] ?? 0))
    expect(Math.max(...silences)).toBeLessThanOrEqual(10_000)
    expect(response.text).toContain(': keep-alive')
    answer(answerEvents)
    await ended
    await settlePromises()
    expect(response.text.trimEnd().endsWith('data: [DONE]')).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('keeps its status for an error that is known before', async () => {
    const { clock, response, fail, ended, isListening } = openStream(['comments'])
    await clock.advance(1000)
    fail(new UpstreamError('upstream_error', 'No.'))
    expect(await ended).toBeInstanceOf(UpstreamError)
    expect([response.status, response.text, isListening(), clock.pending]).toEqual([null, '', false, 0])
  })
})

describe('progress', () => {
  it('does not open a stream early, and is told as soon as it is open', async () => {
    const { clock, response, tell, answer, ended } = openStream(['comments'])
    tell(done('a'))
    await clock.advance(1300)
    expect(response.status).toBeNull()
    await clock.advance(100)
    tell(done('b'))
    await settlePromises()
    const [role, a, b] = ['"role"', '"name":"a"', '"name":"b"'].map((part) => response.text.indexOf(part))
    expect(role).toBeGreaterThan(0)
    expect(a).toBeGreaterThan(role ?? 0)
    expect(b).toBeGreaterThan(a ?? 0)
    answer(answerEvents)
    await ended
  })

  it('comes before an answer that is quick, under the id of the stream', async () => {
    const { response, tell, answer, ended } = openStream(['chunks'])
    tell(done('a'))
    answer(answerEvents)
    await ended
    await settlePromises()
    expect(response.text.indexOf('"name":"a"')).toBeLessThan(response.text.indexOf('Yes.'))
    expect(new Set(response.text.match(/"id":"[^"]+"/g)).size).toBe(1)
  })

  it('opens a stream at the first word of a draft that the caller wants to see', async () => {
    const { response, tell, draft, answer, ended } = openStream(['chunks', 'drafts'])
    tell(done('a'))
    expect(response.status).toBeNull()
    draft('Round')
    await settlePromises()
    expect(response.status).toBe(200)
    expect(response.text.indexOf('"state":"done"')).toBeLessThan(response.text.indexOf('"text":"Round"'))
    response.writableNeedDrain = true
    draft('missed')
    response.writableNeedDrain = false
    draft(' wheels')
    answer(answerEvents)
    await ended
    expect(response.text).toContain('"text":" wheels"')
    expect(response.text).not.toContain('missed')
  })

  it('is no reasoning any more once the answer has begun, and nothing follows its end', async () => {
    const { clock, response, tell, answer, ended, isListening } = openStream(['reasoning'])
    await clock.advance(1500)
    tell(done('early'))
    answer(answerEvents)
    await ended
    tell(done('late'))
    await settlePromises()
    expect(response.text).toContain('"reasoning_content":"early has answered.\\n"')
    expect(response.text).not.toContain('late')
    expect(isListening()).toBe(false)
  })
})
