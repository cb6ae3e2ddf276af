/** The contract of `ChatModel`, as one suite that every implementation runs. */
import { describe, expect, it } from 'vitest'
import type { ChatEvent } from '../chat/chat-event.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import { type ChatRequest, createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import { CancelledError, isMollmrError } from '../chat/errors.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace } from '../trace/trace.ts'
import { systemClock } from '../chat/clock.ts'

export interface ContractSubject {
  /** Answers with some text. */
  readonly answering: () => ChatModel | Promise<ChatModel>
  /** Fails before its first content. */
  readonly failing: () => ChatModel | Promise<ChatModel>
  /** Never says anything until it is aborted. */
  readonly hanging: () => ChatModel | Promise<ChatModel>
  /** False for a bare model that is not wrapped in `recordCalls`. */
  readonly keepsLedger?: boolean
}

/** Two frames of 60 Hz short of the contract's 100 ms: time for a loaded machine to notice, not for a model to linger. */
const cancelLimitMs = 100

export function describeChatModelContract(name: string, subject: ContractSubject): void {
  describe(`${name} keeps the contract of ChatModel`, () => {
    for (const stream of [true, false]) {
      describe(stream ? 'streamed' : 'not streamed', () => {
        const request = (): ChatRequest =>
          createChatRequest({ model: 'any', messages: [{ role: 'user', content: 'What is 6 times 7?' }], stream })

        it('ends with exactly one end event, last', async () => {
          const events = await gather((await subject.answering()).chat(request(), createCallContext()))
          expect(events.filter((event) => event.type === 'end')).toHaveLength(1)
          expect(events.at(-1)?.type).toBe('end')
        })

        it('answers with text', async () => {
          const answer = await collectAnswer((await subject.answering()).chat(request(), createCallContext()))
          expect(answer.text.length).toBeGreaterThan(0)
        })

        it('fails with a typed error and never with text', async () => {
          const events: ChatEvent[] = []
          const failing = await subject.failing()
          const error: unknown = await gather(failing.chat(request(), createCallContext()), events).catch(
            (e: unknown) => e,
          )
          expect(isMollmrError(error)).toBe(true)
          expect(events.some((event) => event.type === 'completion')).toBe(false)
        })

        it('does not change the request', async () => {
          const asked = deepFreeze(request())
          const before = JSON.stringify(asked)
          await gather((await subject.answering()).chat(asked, createCallContext()))
          expect(JSON.stringify(asked)).toBe(before)
        })

        it('stops within 100 ms of an abort, with a typed error', async () => {
          const controller = new AbortController()
          const hanging = await subject.hanging()
          const ending = gather(hanging.chat(request(), createCallContext({ signal: controller.signal })))
          const ended = ending.then(
            () => null,
            (error: unknown) => error,
          )
          setTimeout(() => {
            controller.abort(new CancelledError())
          }, 30)
          const first = await Promise.race([ended, wait(30 + cancelLimitMs).then(() => 'still running')])
          expect(isMollmrError(first)).toBe(true)
        })

        it.runIf(subject.keepsLedger !== false)('has a ledger row for a call, also for an aborted one', async () => {
          const answered = createTrace('answered', systemClock)
          await gather((await subject.answering()).chat(request(), createCallContext({ trace: answered })))
          expect(answered.ledger().length).toBeGreaterThan(0)

          const controller = new AbortController()
          const aborted = createTrace('aborted', systemClock)
          const context = createCallContext({ trace: aborted, signal: controller.signal })
          const hanging = gather((await subject.hanging()).chat(request(), context)).catch((error: unknown) => error)
          setTimeout(() => {
            controller.abort(new CancelledError())
          }, 30)
          await hanging
          expect(aborted.ledger().length).toBeGreaterThan(0)
          expect(aborted.ledger().every((row) => row.outcome !== 'ok')).toBe(true)
        })
      })
    }

    it('lets go of everything when its reader leaves early', async () => {
      const model = await subject.answering()
      for await (const event of model.chat(
        createChatRequest({ model: 'any', messages: [{ role: 'user', content: 'Count to 9.' }], stream: true }),
        createCallContext(),
      )) {
        expect(event.type).not.toBe('end')
        break
      }
    })
  })
}

async function gather(events: AsyncIterable<ChatEvent>, into: ChatEvent[] = []): Promise<ChatEvent[]> {
  for await (const event of events) into.push(event)
  return into
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
