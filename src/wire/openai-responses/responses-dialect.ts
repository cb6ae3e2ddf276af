/** The dialect of OpenAI's `POST /v1/responses`, which Codex, the Agents SDK and the AI SDK speak. */
import type { Dialect } from '../dialect.ts'
import { visibleUsage } from '../openai-chat/write-answer.ts'
import { outputItems } from './output-items.ts'
import { parseResponsesRequest } from './parse-responses-request.ts'
import type { Item } from './read-input.ts'
import { ResponseFrames } from './response-frames.ts'
import { finalStatus, responseId, responseObject } from './response-object.ts'
import type { ResponseShelf } from './response-shelf.ts'

/** @param shelf where responses are kept that their callers did not ask to forget (`store: false`) */
export function createResponsesDialect(shelf: ResponseShelf): Dialect {
  return {
    parse(bytes, caller) {
      const { request, dropped, fields, input, tools } = parseResponsesRequest(bytes, caller, shelf)
      const keep = (id: string, output: readonly Item[]): void => {
        if (fields['store'] !== false)
          shelf.keep({ id, owner: caller.key, input, output }, bytes.length + JSON.stringify(output).length)
      }
      return {
        request,
        dropped,
        writeAnswer: (answer, { requestId, now, ledger }) => {
          const head = { id: responseId(requestId), created: now(), fields }
          const idOf = (prefix: string, index: number): string => `${responseId(requestId, prefix)}_${index}`
          const output = outputItems(answer, { tools, idOf })
          const { finishReason } = answer
          const usage = visibleUsage(answer.end, ledger())
          keep(head.id, output)
          return JSON.stringify(
            responseObject(head, { status: finalStatus(finishReason), output, usage, finishReason }),
          )
        },
        createFrames: (facts) => new ResponseFrames({ fields, tools, keep }, facts),
      }
    },
    writeError: ({ body }) => body,
  }
}
