/** The dialect of `POST /v1/chat/completions`. The shared language is its own, so what nobody changed keeps every byte. */
import type { Dialect } from '../dialect.ts'
import { ChatFrames } from './chat-frames.ts'
import { parseChatRequest } from './parse-chat-request.ts'
import { visibleUsage, writeCompletion } from './write-answer.ts'

export const chatDialect: Dialect = {
  parse(bytes, caller) {
    const request = parseChatRequest(bytes, caller)
    const { model, stream_options: streamOptions } = request.body
    return {
      request,
      dropped: [],
      writeAnswer: (answer, { ledger }) => writeCompletion(answer, model, visibleUsage(answer.end, ledger())),
      createFrames: (facts) => new ChatFrames({ model, keepUsage: streamOptions?.include_usage === true }, facts),
    }
  },
  writeError: ({ body }) => body,
}
