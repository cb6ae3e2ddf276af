/** The dialect of `POST /v1/completions`, OpenAI's first, which is handed on as it is: a bare text has no roles. */
import type { Dialect } from '../dialect.ts'
import { spliceModel } from '../openai-chat/splice-model.ts'
import { parseRelayedRequest } from '../parse-relayed-request.ts'
import { CompletionFrames, writeTextCompletion } from './completion-frames.ts'

export const completionsDialect: Dialect = {
  relayedAs: 'openai-completions',
  parse(bytes, caller) {
    const request = parseRelayedRequest(bytes, caller, {
      dialect: 'openai-completions',
      reads: 'prompt',
      reckon: ({ stream, max_tokens: limit, n }) => ({
        stream: stream === true,
        ...(typeof limit === 'number' ? { max_tokens: limit } : {}),
        ...(typeof n === 'number' ? { n } : {}),
      }),
    })
    const { model } = request.body
    return {
      request,
      dropped: [],
      writeAnswer: ({ native, completion, end }) =>
        native
          ? spliceModel(native.json, model)
          : writeTextCompletion({
              ...completion,
              model,
              choices: completion.choices.map(({ message, ...choice }) => ({ ...choice, text: message.content })),
              ...(end.usage ? { usage: end.usage } : {}),
            }),
      createFrames: () => new CompletionFrames(model),
    }
  },
  writeError: ({ body }) => body,
}
