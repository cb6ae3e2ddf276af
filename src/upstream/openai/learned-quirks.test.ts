/** A server that refuses what it does not know, and a model that learns it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChatModel } from '../../chat/chat-model.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { createChatRequest } from '../../chat/chat-request.ts'
import { collectAnswer } from '../../chat/collect-answer.ts'
import { askModel, notesOf } from '../../testing/ask-model.ts'
import { type FakeUpstream, refusing, saying, sendEvents, startFakeUpstream } from '../../testing/fake-upstream.ts'
import { createCallContext } from '../../trace/call-context.ts'
import { createOpenAiModel } from './openai-model.ts'
import { createTransport, type Transport } from '../http/transport.ts'

let server: FakeUpstream
let transport: Transport

beforeEach(async () => {
  transport = createTransport()
  server = await startFakeUpstream((response, call) => {
    const unknown = ['seed', 'top_k', 'store', 'user', 'metadata'].find((field) => field in call.body)
    const message = `Unknown parameter: '${unknown ?? ''}'.`
    const reply = unknown === undefined ? saying('42') : refusing(400, { error: { message } })
    return reply(response, call)
  })
})

afterEach(async () => {
  await server.close()
  await transport.close()
})

function modelOf(quirks: readonly string[] = []): ChatModel {
  return createOpenAiModel({ id: 'm', baseUrl: server.baseUrl, quirks, dispatcher: transport.dispatcher })
}

function sent(): (readonly string[])[] {
  return server.calls.map(({ body }) => Object.keys(body))
}

describe('a model on a server that refuses a field', () => {
  it.each([true, false])('tries once more without it, and says so in the trace; streamed: %s', async (stream) => {
    const { answer, trace } = await askModel(modelOf(), { body: { stream, seed: 4 } })
    expect(answer.text).toBe('42')
    expect(sent()).toEqual([
      ['model', 'messages', 'stream', 'seed'],
      ['model', 'messages', 'stream'],
    ])
    expect(notesOf(trace)).toEqual(['quirk'])
    expect(trace.spans()[0]?.notes[0]?.attributes).toEqual({ model: 'm', quirk: 'without_seed' })
  })

  it('learns from a refusal that is the first frame of a stream', async () => {
    const message = 'Error rendering prompt with jinja template: "Conversation roles must alternate user/assistant"'
    server.reply = (response, call) => {
      if (call.body.messages.length === 1) return saying('42')(response, call)
      sendEvents(response, [JSON.stringify({ error: { message } })])
    }
    const user = { role: 'user', content: 'Hi' }
    const { answer } = await askModel(modelOf(), { body: { messages: [user, user] } })
    expect(answer.text).toBe('42')
    expect(server.calls[1]?.body.messages).toEqual([{ role: 'user', content: 'Hi\n\nHi' }])
  })

  it('remembers it for the next request, and for no other model', async () => {
    const model = modelOf()
    await askModel(model, { body: { seed: 4 } })
    await askModel(model, { body: { seed: 5 } })
    expect(server.calls).toHaveLength(3)
    await askModel(modelOf(), { body: { seed: 6 } })
    expect(server.calls).toHaveLength(5)
  })

  it('learns several at once, but gives up in time', async () => {
    const { answer } = await askModel(modelOf(), { body: { seed: 1, top_k: 2, store: true, user: 'u' } })
    expect(answer.text).toBe('42')
    const body: Partial<ChatBody> = { seed: 1, top_k: 2, store: true, user: 'u', metadata: {} }
    await expect(askModel(modelOf(), { body })).rejects.toMatchObject({ code: 'upstream_bad_request', status: 400 })
    expect(server.calls).toHaveLength(5 + 5)
  })

  it('forgets what did not help', async () => {
    const model = modelOf()
    const refusal = refusing(400, { error: { message: "Unknown parameter: 'seed'." } })
    const { reply } = server
    server.reply = refusal
    await expect(askModel(model, { body: { seed: 4 } })).rejects.toMatchObject({ code: 'upstream_bad_request' })
    expect(server.calls).toHaveLength(2)
    server.reply = (response, call) => (call.body.seed === 4 ? saying('kept')(response, call) : reply(response, call))
    expect((await askModel(model, { body: { seed: 4 } })).answer.text).toBe('kept')
  })

  it('knows from the start what its config tells', async () => {
    await askModel(modelOf(['without_seed']), { body: { seed: 4 } })
    expect(sent()).toEqual([['model', 'messages', 'stream']])
  })

  it('fails as before where the refusal teaches nothing', async () => {
    server.reply = refusing(400, { error: { message: 'tools are not for this model', param: 'tools' } })
    const error: unknown = await askModel(modelOf(), { body: { tools: [{}] } }).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'upstream_bad_request', status: 400 })
    expect(server.calls).toHaveLength(1)
  })
})

describe('a request that no known quirk touches', () => {
  it('goes out as the client wrote it', async () => {
    const model = modelOf(['without_seed', 'system_first'])
    const source = '{ "model": "any",  "messages":[{"role":"user","content":"Hi"}], "x": 1e3 }'
    const request = createChatRequest(JSON.parse(source) as ChatBody, { source })
    await collectAnswer(model.chat(request, createCallContext()))
    expect(server.calls[0]?.text).toBe(source.replace('"any"', '"m"'))
  })
})
