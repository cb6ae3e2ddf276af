/** What clients need of chat completions beyond the official client's own ways: C11 to C18 of the conformance list, as they are sent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChatBody, ChatMessage } from '../src/chat/chat-request.ts'
import { completionOf, type FakeUpstream, saying, sendJson, startFakeUpstream } from '../src/testing/fake-upstream.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

const configOf = (baseUrl: string): string => `
upstreams: { up: { kind: openai, base_url: "${baseUrl}", max_retries: 0 } }
models:
  - { id: org/single, upstream: up, name: single, modalities: [text, image, audio, file] }
  - { id: seeing, upstream: up, modalities: [text, image] }
  - { id: watching, upstream: up, modalities: [text, image] }
  - { id: blind, upstream: up }
  - { id: aggregate, upstream: up, modalities: [text, image] }
mixtures:
  - { name: generic, workers: [seeing, watching, blind], quorum: 3, aggregate: aggregate }
`

let upstream: FakeUpstream
let gateway: RunningGateway

beforeEach(async () => {
  upstream = await startFakeUpstream(saying('The answer.'))
  gateway = await runConfig(configOf(upstream.baseUrl))
})

afterEach(async () => {
  await gateway.close()
  await upstream.close()
})

type Content = NonNullable<ChatMessage['content']>

const user = (content: Content): ChatMessage => ({ role: 'user', content })
const messages = [user('Say something about wheels, please.')]

/** The bodies that a model of the upstream was sent. */
function sentTo(model: string): readonly ChatBody[] {
  return upstream.calls.flatMap(({ body }) => (body.model === model ? [body] : []))
}

const asked = (): string[] => upstream.calls.map(({ body }) => body.model).sort()

async function textOf(response: Response): Promise<string | null | undefined> {
  expect(response.status).toBe(200)
  const { choices } = (await response.json()) as { choices: { message: { content: string | null } }[] }
  return choices[0]?.message.content
}

describe('C11: roles and contents', () => {
  const conversations: readonly (readonly [string, readonly ChatMessage[]])[] = [
    ['a developer', [{ role: 'developer', content: 'Be brief.' }, ...messages]],
    [
      'several system messages, anywhere',
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'system', content: 'Be kind.' },
        ...messages,
        { role: 'system', content: 'No lists.' },
        user('Go on.'),
      ],
    ],
    ['users in a row', [user('One.'), user('Two.'), user('Three.')]],
    [
      'parts in every role',
      [
        { role: 'system', content: [{ type: 'text', text: 'Be brief.' }] },
        user([{ type: 'text', text: 'Hello.' }]),
        { role: 'assistant', content: [{ type: 'text', text: 'Hello!' }] },
        user([
          { type: 'text', text: 'Say something' },
          { type: 'text', text: 'about wheels.' },
        ]),
      ],
    ],
  ]

  it.each(conversations)('of %s reach a single model as they are', async (_, conversation) => {
    expect(await textOf(await gateway.chat({ model: 'org/single', messages: conversation }))).toBe('The answer.')
    expect(sentTo('single')[0]?.messages).toEqual(conversation)
  })

  it.each(conversations)(
    'of %s reach the aggregate of a mixture, with the drafts at their end',
    async (_, conversation) => {
      expect(await textOf(await gateway.chat({ model: 'generic', messages: conversation }))).toBe('The answer.')
      const [body] = sentTo('aggregate')
      expect(body?.messages.slice(0, conversation.length - 1)).toEqual(conversation.slice(0, -1))
      expect(JSON.stringify(body?.messages.at(conversation.length - 1))).toContain(lastTextOf(conversation))
    },
  )

  function lastTextOf(conversation: readonly ChatMessage[]): string {
    const content = conversation.at(-1)?.content
    return typeof content === 'string' ? content : 'about wheels.'
  }
})

describe('C12: parts of a message', () => {
  const question = { type: 'text', text: 'What is this?' }
  const parts: Readonly<Record<string, object>> = {
    'a picture as data': { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
    'a picture on the web': { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'low' } },
    'a recording': { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
    'a file': { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
  }

  it.each(Object.entries(parts))('%s reaches a single model as it is', async (_, part) => {
    const conversation = [user([question, part] as Content)]
    expect(await textOf(await gateway.chat({ model: 'org/single', messages: conversation }))).toBe('The answer.')
    expect(sentTo('single')[0]?.messages).toEqual(conversation)
  })

  it.each(['a picture as data', 'a picture on the web'])('%s goes to the workers that can see it', async (name) => {
    const conversation = [user([question, parts[name]] as Content)]
    expect(await textOf(await gateway.chat({ model: 'generic', messages: conversation }))).toBe('The answer.')
    expect(asked()).toEqual(['aggregate', 'seeing', 'watching'])
    expect(sentTo('seeing')[0]?.messages).toEqual(conversation)
  })

  it.each(['a recording', 'a file'])('%s that nobody can open is refused, with its place', async (name) => {
    const conversation = [user([question, parts[name]] as Content)]
    const response = await gateway.chat({ model: 'generic', messages: conversation })
    expect(response.status).toBe(400)
    const param = expect.stringMatching(/^messages\b/)
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param } })
    expect(asked()).toEqual([])
  })
})

describe('C13: JSON', () => {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { sum: { type: 'number' } },
    required: ['sum'],
    additionalProperties: false,
  }
  const formats = [{ type: 'json_object' }, { type: 'json_schema', json_schema: { name: 'sum', strict: true, schema } }]

  it.each(formats)('is asked of the aggregate alone: $type', async (format) => {
    upstream.reply = (response, call) =>
      saying(call.body.model === 'aggregate' ? '{"sum":3}' : 'Three.')(response, call)
    expect(await textOf(await gateway.chat({ model: 'generic', messages, response_format: format }))).toBe('{"sum":3}')
    expect(sentTo('aggregate')).toMatchObject([{ response_format: format }])
    for (const worker of ['seeing', 'watching', 'blind'])
      expect(sentTo(worker)[0]).not.toHaveProperty('response_format')
  })

  it('that does not fit the schema is mended once', async () => {
    const said = ['{"total":3}', '{"sum":3}']
    upstream.reply = (response, call) =>
      saying(call.body.model === 'aggregate' ? (said.shift() ?? '') : 'Three.')(response, call)
    const response = await gateway.chat({ model: 'generic', messages, response_format: formats[1] })
    expect(await textOf(response)).toBe('{"sum":3}')
    expect(said).toEqual([])
  })
})

describe('C14: samples and their odds', () => {
  it('n is that many answers over the same drafts', async () => {
    const response = await gateway.chat({ model: 'generic', messages, n: 2 })
    const { choices } = (await response.json()) as { choices: { index: number }[] }
    expect(choices.map(({ index }) => index)).toEqual([0, 1])
    expect(asked().filter((model) => model !== 'aggregate')).toEqual(['blind', 'seeing', 'watching'])
  })

  it.each(['org/single', 'generic'])('logprobs of %s are those of the model that wrote the answer', async (model) => {
    const logprobs = { content: [{ token: 'The', logprob: -0.1 }] }
    upstream.reply = (response) => {
      const whole = completionOf('The answer.') as { choices: [object] }
      sendJson(response, { ...whole, choices: [{ ...whole.choices[0], logprobs }] })
    }
    const response = await gateway.chat({ model, messages, logprobs: true, top_logprobs: 1 })
    expect(await response.json()).toMatchObject({ choices: [{ logprobs }] })
    const writer = model === 'generic' ? 'aggregate' : 'single'
    expect(sentTo(writer)[0]).toMatchObject({ logprobs: true, top_logprobs: 1 })
  })

  it('penalties, logit_bias, seed and stop shape the answer; stop cuts no draft', async () => {
    const fields = {
      presence_penalty: 0.5,
      frequency_penalty: 0.5,
      logit_bias: { '50256': -100 },
      seed: 7,
      stop: ['END'],
    }
    await gateway.chat({ model: 'generic', messages, ...fields })
    expect(sentTo('aggregate')).toMatchObject([fields])
    for (const worker of ['seeing', 'watching', 'blind']) expect(sentTo(worker)[0]).not.toHaveProperty('stop')
  })
})

describe('C15: fields that not every model knows', () => {
  const fields = {
    store: false,
    metadata: { topic: 'wheels' },
    user: 'user-1',
    safety_identifier: 'hash-1',
    prompt_cache_key: 'session-1',
    prompt_cache_retention: '24h',
    service_tier: 'auto',
    verbosity: 'low',
    reasoning_effort: 'low',
    prediction: { type: 'content', content: 'Wheels' },
    modalities: ['text'],
    web_search_options: { search_context_size: 'low' },
    providerOptions: { any: { thing: true } },
  }

  it.each(Object.entries(fields))('%s is accepted everywhere, and kept for a single model', async (field, value) => {
    for (const model of ['org/single', 'generic'])
      expect(await textOf(await gateway.chat({ model, messages, [field]: value }))).toBe('The answer.')
    expect(sentTo('single')).toMatchObject([{ [field]: value }])
  })
})

describe('C17: long requests', () => {
  const long = 'A system prompt with many rules. '.repeat(6500)

  it.each(['org/single', 'generic'])('of 200 kB are answered by %s', async (model) => {
    const conversation = [{ role: 'system', content: long }, ...messages]
    expect(await textOf(await gateway.chat({ model, messages: conversation }))).toBe('The answer.')
    const [body] = sentTo(model === 'generic' ? 'aggregate' : 'single')
    expect(body?.messages[0]?.content).toBe(long)
  })

  it('of 20 MiB are within the limit that is set where none is written', async () => {
    const content = 'x'.repeat(20 * 1024 * 1024)
    expect(await textOf(await gateway.chat({ model: 'org/single', messages: [user(content)] }))).toBe('The answer.')
  })
})

describe('C18: the base URL', () => {
  const body = JSON.stringify({ model: 'org/single', messages })
  const post = (path: string): Promise<Response> =>
    fetch(gateway.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })

  it.each(['/v1/chat/completions', '/chat/completions', '/v1/chat/completions/', '/chat/completions/'])(
    'may be written so that %s is asked',
    async (path) => {
      expect(await textOf(await post(path))).toBe('The answer.')
    },
  )

  it('that ends in /v1 twice is told so', async () => {
    const response = await post('/v1/v1/chat/completions')
    expect(response.status).toBe(404)
    const message = expect.stringContaining('/v1 twice')
    expect(await response.json()).toMatchObject({ error: { code: 'route_not_found', message } })
  })
})
