import { carriesContent } from '../../chat/chat-event.ts'
import type { ChatModel } from '../../chat/chat-model.ts'
import { type ChatBody, createChatRequest } from '../../chat/chat-request.ts'
import type { Clock } from '../../chat/clock.ts'
import { type Answer, AnswerFold } from '../../chat/collect-answer.ts'
import type { Trace } from '../../trace/trace.ts'
import { createCallContext } from '../../trace/call-context.ts'

/** An answer and how it came. */
export interface ProbedAnswer {
  readonly answer: Answer
  /** Events with content. */
  readonly pieces: number
  readonly firstContentMs: number
  /** From the first content to the last. */
  readonly spreadMs: number
  /** True where it came in one, as an upstream answers that does not stream. */
  readonly isWhole: boolean
}

export interface Asking {
  readonly trace: Trace
  readonly signal: AbortSignal
  readonly clock: Clock
  /** For the whole call, its retries included. */
  readonly timeoutMs: number
}

/** Asks as a client of the gateway would: with the retries and the patience of the config, within the time that is given here. */
export async function askProbe(model: ChatModel, body: ChatBody, asking: Asking): Promise<ProbedAnswer> {
  const { clock, timeoutMs: totalMs, ...rest } = asking
  const context = createCallContext({ ...rest, clock, limits: { totalMs } })
  const fold = new AnswerFold()
  const startMs = clock.now()
  let [pieces, firstMs, lastMs, isWhole] = [0, startMs, startMs, false]
  for await (const event of model.chat(createChatRequest(body), context)) {
    fold.add(event)
    if (event.type === 'completion') isWhole = true
    if (!carriesContent(event)) continue
    lastMs = clock.now()
    if (pieces === 0) firstMs = lastMs
    pieces += 1
  }
  return { answer: fold.answer(), pieces, firstContentMs: firstMs - startMs, spreadMs: lastMs - firstMs, isWhole }
}
