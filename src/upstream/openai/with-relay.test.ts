import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ChatModel, wrapModel } from '../../chat/chat-model.ts'
import { createChatRequest } from '../../chat/chat-request.ts'
import { collectAnswer } from '../../chat/collect-answer.ts'
import { describeChatModelContract } from '../../testing/chat-model-contract.ts'
import { createSayingModel } from '../../testing/fake-model.ts'
import {
  type FakeUpstream,
  hanging,
  refusing,
  sendEvents,
  sendJson,
  startFakeUpstream,
  type UpstreamReply,
} from '../../testing/fake-upstream.ts'
import { createCallContext } from '../../trace/call-context.ts'
import { createTransport, type Transport } from '../http/transport.ts'
import { withRelay } from './with-relay.ts'

let server: FakeUpstream
let transport: Transport

beforeEach(async () => {
  transport = createTransport()
  server = await startFakeUpstream(hanging)
})

afterEach(async () => {
  await server.close()
  await transport.close()
})

const completing: UpstreamReply = (response, { body }) => {
  const piece = (text: string, reason: string | null): object => ({
    id: 'cmpl-1',
    object: 'text_completion',
    created: 1,
    model: 'up',
    choices: [{ index: 0, text, finish_reason: reason, logprobs: null }],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  })
  if (body.stream !== true) sendJson(response, piece('Once upon', 'stop'))
  else
    sendEvents(
      response,
      [piece('Once ', null), piece('upon', 'stop')].map((each) => JSON.stringify(each)),
    )
}

/** The contract's requests as they would come in by the legacy API. */
function behind(reply: UpstreamReply, maxAnswerCharacters = 1000): () => ChatModel {
  return () => {
    server.reply = reply
    const options = { id: 'small', baseUrl: server.baseUrl, dispatcher: transport.dispatcher, maxAnswerCharacters }
    const model = withRelay(createSayingModel('small', 'over chat'), options)
    return wrapModel(model, (request, context) => {
      const json = JSON.stringify({ model: 'small', prompt: 'Hi', stream: request.body.stream })
      return model.chat({ ...request, native: { dialect: 'openai-completions', json } }, context)
    })
  }
}

describeChatModelContract('a request that is handed on past the shared language', {
  answering: behind(completing),
  failing: behind(refusing(503, { error: { message: 'Overloaded' } })),
  hanging: behind(hanging),
  keepsLedger: false,
})

it.each([true, false])('an error beside the text is an error (streamed: %s)', async (stream) => {
  const choices = [{ index: 0, text: 'Once', finish_reason: 'error' }]
  const broken = { id: 'cmpl-1', choices, error: { code: 429, message: 'Slow down.' } }
  const model = behind((response) => {
    if (stream) sendEvents(response, [JSON.stringify(broken), '[DONE]'])
    else sendJson(response, broken)
  })()
  const request = createChatRequest({ model: 'small', messages: [], stream })
  const answer = collectAnswer(model.chat(request, createCallContext()))
  await expect(answer).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
})

it.each([true, false])('a text beyond the limit is cut off (streamed: %s)', async (stream) => {
  const request = createChatRequest({ model: 'small', messages: [], stream })
  const answer = collectAnswer(behind(completing, 8)().chat(request, createCallContext()))
  await expect(answer).rejects.toMatchObject({ code: 'upstream_output_limit' })
})
