/** The dialect of Anthropic's `POST /v1/messages`, which Claude Code and the Anthropic SDKs speak. */
import type { Dialect } from '../dialect.ts'
import { visibleUsage } from '../openai-chat/write-answer.ts'
import { MessageFrames } from './message-frames.ts'
import { parseMessagesRequest } from './parse-messages-request.ts'
import { writeMessagesError } from './write-error.ts'
import { writeMessage } from './write-message.ts'

export const messagesDialect: Dialect = {
  requestIdHeader: 'request-id',
  parse(bytes, caller) {
    const { request, dropped, showsThinking, stopSequences } = parseMessagesRequest(bytes, caller)
    const style = { model: request.body.model, showsThinking, stopSequences }
    return {
      request,
      dropped,
      writeAnswer: (answer, { requestId, ledger }) =>
        writeMessage(answer, style, { requestId, usage: visibleUsage(answer.end, ledger()) }),
      createFrames: (facts) => new MessageFrames(style, facts),
    }
  },
  writeError: writeMessagesError,
}
