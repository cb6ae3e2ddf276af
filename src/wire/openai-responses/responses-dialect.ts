/** The dialect of OpenAI's `POST /v1/responses`, which Codex, the Agents SDK and the AI SDK speak. */
import type { Dialect } from '../dialect.ts'
import { visibleUsage } from '../openai-chat/write-answer.ts'
import { spliceModel } from '../openai-chat/splice-model.ts'
import { type FinishedResponse, finishedOf } from './finished-response.ts'
import { outputItems } from './output-items.ts'
import { parseResponsesRequest } from './parse-responses-request.ts'
import { ResponseFrames } from './response-frames.ts'
import { finalStatus, responseId, responseObject } from './response-object.ts'
import type { ResponseShelf } from './response-shelf.ts'

/** @param shelf where responses are kept that their callers did not ask to forget (`store: false`) */
export function createResponsesDialect(shelf: ResponseShelf): Dialect {
  return {
    parse(bytes, caller) {
      const { request, dropped, fields, input, tools } = parseResponsesRequest(bytes, caller, shelf)
      const keep = (finished: FinishedResponse | undefined): void => {
        if (!finished || fields['store'] === false) return
        shelf.keep({ ...finished, owner: caller.key, input }, bytes.length + JSON.stringify(finished.output).length)
      }
      return {
        request,
        dropped,
        writeAnswer: (answer, { requestId, now, ledger }) => {
          if (answer.native?.dialect === 'openai-responses') {
            const json = spliceModel(answer.native.json, request.body.model)
            keep(finishedOf(JSON.parse(json) as Record<string, unknown>, answer.native.heldBy))
            return json
          }
          const head = { id: responseId(requestId), created: now(), fields }
          const idOf = (prefix: string, index: number): string => `${responseId(requestId, prefix)}_${index}`
          const output = outputItems(answer, { tools, idOf })
          const { finishReason } = answer
          const usage = visibleUsage(answer.end, ledger())
          const response = responseObject(head, { status: finalStatus(finishReason), output, usage, finishReason })
          keep(finishedOf(response))
          return JSON.stringify(response)
        },
        createFrames: (facts) => new ResponseFrames({ fields, tools, keep }, facts),
      }
    },
    writeError: ({ body }) => body,
  }
}
