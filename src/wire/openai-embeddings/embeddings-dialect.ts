/** The dialect of `POST /v1/embeddings`, which is handed on as it is: vectors of one model mean nothing beside another's. */
import { UpstreamError } from '../../chat/errors.ts'
import type { Dialect } from '../dialect.ts'
import { ChatFrames } from '../openai-chat/chat-frames.ts'
import { spliceModel } from '../openai-chat/splice-model.ts'
import { parseRelayedRequest } from '../parse-relayed-request.ts'

export const embeddingsDialect: Dialect = {
  relayedAs: 'openai-embeddings',
  parse(bytes, caller) {
    const request = parseRelayedRequest(bytes, caller, {
      dialect: 'openai-embeddings',
      reads: 'input',
      // No words are answered.
      reckon: () => ({ n: 0 }),
    })
    const { model } = request.body
    return {
      request,
      dropped: [],
      writeAnswer: ({ native }) => {
        if (!native) throw new UpstreamError('upstream_malformed', 'The upstream answered with no embeddings.')
        return spliceModel(native.json, model)
      },
      createFrames: (facts) => new ChatFrames({ model, keepUsage: false }, facts),
    }
  },
  writeError: ({ body }) => body,
}
