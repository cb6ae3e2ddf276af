import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ChatBody, ChatMessage } from '../../chat/chat-request.ts'
import { quirkIn, quirkNamed, quirkNames, quirksOfServer } from './quirks.ts'

const hi: ChatMessage = { role: 'user', content: 'Hi' }

function bodyOf(fields: Partial<ChatBody> = {}): ChatBody {
  return { model: 'm', messages: [hi], ...fields }
}

function taughtBy(refusal: string, fields: Partial<ChatBody>): string | undefined {
  return quirkIn(refusal, bodyOf(fields))?.name
}

function adapted(name: string, fields: Partial<ChatBody>): ChatBody {
  const quirk = quirkNamed(name)
  if (!quirk) throw new Error(`There is no quirk ${name}.`)
  const once = quirk.adapt(bodyOf(fields))
  expect(quirk.adapt(once), 'a body that is adapted stays as it is').toBe(once)
  return once
}

/** As servers were seen to say it, with the request that they refused. */
const refusals: readonly (readonly [server: string, said: string, body: Partial<ChatBody>, name: string])[] = [
  [
    'OpenAI',
    `{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens"}}`,
    { max_tokens: 5 },
    'max_completion_tokens',
  ],
  [
    'Mistral',
    `{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted"}]}}`,
    { max_completion_tokens: 5 },
    'max_tokens',
  ],
  [
    'DeepSeek',
    '{"error":{"message":"Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `developer`, expected one of `system`, `user`"}}',
    { messages: [{ role: 'developer', content: 'x' }, hi] },
    'system_role',
  ],
  [
    'a chat template',
    '{"error":{"message":"chat template rejected the request: Unexpected message role."}}',
    { messages: [{ role: 'developer', content: 'x' }, hi] },
    'system_role',
  ],
  [
    'llama.cpp with Qwen',
    `{"error":{"code":400,"message":"Error: Jinja Exception: System message\\nmust be at the beginning."}}`,
    { messages: [hi, { role: 'system', content: 'x' }] },
    'system_first',
  ],
  [
    'llama.cpp with Gemma',
    '{"error":{"code":500,"message":"Error: Jinja Exception: System role not supported"}}',
    { messages: [{ role: 'system', content: 'x' }, hi] },
    'system_in_user',
  ],
  [
    'llama.cpp with Gemma',
    '{"error":{"code":500,"message":"Error: Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/..."}}',
    { messages: [hi, hi] },
    'alternate_roles',
  ],
  [
    'DeepSeek',
    '{"error":{"message":"deepseek-reasoner does not support successive user or assistant messages (messages[1] and messages[2] in your input)."}}',
    { messages: [hi, hi] },
    'alternate_roles',
  ],
  [
    'a proxy of Claude',
    '{"error":{"message":"This model does not support assistant message prefill. The conversation must end with a user message."}}',
    { messages: [hi, { role: 'assistant', content: 'So' }] },
    'end_with_user',
  ],
  [
    'Mistral',
    '{"message":"Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant"}',
    { messages: [hi, { role: 'assistant', content: 'So' }] },
    'end_with_user',
  ],
  [
    'OpenAI',
    `{"error":{"message":"Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead."}}`,
    { tools: [] },
    'no_empty_lists',
  ],
  [
    'Mistral',
    `{"message":[{"type":"extra_forbidden","loc":["body","tools"],"msg":"Extra inputs are not permitted","input":[]}]}`,
    { tools: [] },
    'no_empty_lists',
  ],
  [
    'DeepSeek',
    '{"error":{"message":"messages[0]: invalid type: sequence, expected a string at line 1"}}',
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] },
    'text_content',
  ],
  ['OpenAI', `{"error":{"message":"Unknown parameter: 'top_k'.","param":"top_k"}}`, { top_k: 4 }, 'without_top_k'],
  [
    'OpenAI',
    `{"error":{"message":"Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.","param":"temperature"}}`,
    { temperature: 0.7 },
    'without_temperature',
  ],
  [
    'Azure',
    '{"error":{"message":"Unrecognized request argument supplied: stream_options"}}',
    { stream: true, stream_options: { include_usage: true } },
    'without_stream_options',
  ],
  [
    'Mistral, its error in a text',
    `{"object":"error","message":"{\\"detail\\":[{\\"type\\":\\"extra_forbidden\\",\\"loc\\":[\\"body\\",\\"logit_bias\\"],\\"msg\\":\\"Extra inputs are not permitted\\"}]}"}`,
    { logit_bias: {} },
    'without_logit_bias',
  ],
  [
    'a server in Python',
    `{"message":"[{'type': 'extra_forbidden', 'loc': ('body', 'store'), 'msg': 'Extra inputs are not permitted'}]"}`,
    { store: false },
    'without_store',
  ],
  [
    'Gemini',
    `{"error":{"message":"Invalid JSON payload received. Unknown name \\"seed\\": Cannot find field."}}`,
    { seed: 4 },
    'without_seed',
  ],
  [
    'xAI',
    '{"error":"Argument not supported on this model: presencePenalty"}',
    { presence_penalty: 1 },
    'without_presence_penalty',
  ],
  [
    'Mistral',
    `{"detail":[{"type":"extra_forbidden","loc":["body","messages",1,"assistant","reasoning_content"],"msg":"Extra inputs are not permitted"}]}`,
    { messages: [hi, { role: 'assistant', content: 'x', reasoning_content: 'hm' }, hi] },
    'messages_without_reasoning_content',
  ],
  [
    'Groq',
    `{"error":{"message":"'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning' is unsupported)]"}}`,
    { messages: [hi, { role: 'assistant', content: 'x', reasoning: 'hm' }, hi] },
    'messages_without_reasoning',
  ],
]

describe('a refusal', () => {
  it.each(refusals)('by %s teaches: %s', (...[, said, body, name]) => {
    expect(taughtBy(said, body)).toBe(name)
  })

  it('teaches nothing where the request has not what it speaks of', () => {
    for (const [, said] of refusals) expect(taughtBy(said, {})).toBeUndefined()
  })

  it.each([
    [
      '{"error":{"message":"Unsupported parameter: \'tools\' is not supported with this model.","param":"tools"}}',
      { tools: [1] },
    ],
    ['{"error":{"message":"Unknown parameter: \'response_format\'."}}', { response_format: { type: 'json_object' } }],
    ['{"error":{"message":"Unsupported value: \'n\' does not support 2.","param":"n"}}', { n: 2 }],
    ['{"error":{"message":"max_completion_tokens is too large: 99"}}', { max_completion_tokens: 99 }],
    ['{"error":{"message":"Unsupported parameter: \'max_tokens\'.","param":"max_tokens"}}', { max_tokens: 9 }],
    ['{"error":{"message":"The model is overloaded."}}', { temperature: 1, top_k: 1 }],
    ['<html>Bad Request</html>', { temperature: 1 }],
  ] as const)('never makes a request mean something else: %s', (said, body) => {
    expect(taughtBy(said, body)).toBeUndefined()
  })
})

describe('docs/upstreams.md', () => {
  it('names every quirk', () => {
    const page = readFileSync(new URL('../../../docs/upstreams.md', import.meta.url), 'utf8')
    expect(quirkNames.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  })
})

describe('a quirk', () => {
  it('leaves a body without its matter as it is', () => {
    const body = bodyOf({ temperature: 1 })
    for (const name of [...quirkNames, 'without_seed', 'messages_without_name'])
      expect(quirkNamed(name)?.adapt(body), name).toBe(body)
  })

  it('renames the limit, whichever way, and keeps the one that the server knows', () => {
    expect(adapted('max_completion_tokens', { max_tokens: 5 })).toEqual(bodyOf({ max_completion_tokens: 5 }))
    expect(adapted('max_completion_tokens', { max_tokens: 5, max_completion_tokens: 6 })).toEqual(
      bodyOf({ max_completion_tokens: 6 }),
    )
    expect(adapted('max_tokens', { max_completion_tokens: 5 })).toEqual(bodyOf({ max_tokens: 5 }))
  })

  it('puts instructions where the server takes them', () => {
    const messages = [hi, { role: 'system', content: 'a' }, { role: 'developer', content: 'b' }]
    expect(adapted('system_role', { messages }).messages.map(({ role }) => role)).toEqual(['user', 'system', 'system'])
    expect(adapted('system_first', { messages }).messages).toEqual([{ role: 'system', content: 'a\n\nb' }, hi])
    expect(adapted('system_in_user', { messages }).messages).toEqual([{ role: 'user', content: 'a\n\nb\n\nHi' }])
    const only = [{ role: 'system', content: 'a' }]
    expect(adapted('system_in_user', { messages: only }).messages).toEqual([{ role: 'user', content: 'a' }])
  })

  it('joins turns of one speaker, but no calls of tools', () => {
    const image = { type: 'image_url', image_url: { url: 'data:,' } }
    const call = { id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }
    const messages = [
      hi,
      { role: 'user', content: [image] },
      { role: 'assistant', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: '1', content: 'x' },
      { role: 'tool', tool_call_id: '2', content: 'y' },
    ]
    expect(adapted('alternate_roles', { messages }).messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi' }, image] },
      { role: 'assistant', content: 'a\n\nb' },
      ...messages.slice(4),
    ])
  })

  it('lets the user have the last word', () => {
    const messages = [hi, { role: 'assistant', content: 'So far' }]
    expect(adapted('end_with_user', { messages }).messages.at(-1)).toEqual({ role: 'user', content: 'Continue.' })
  })

  it('takes empty lists away, and the choice among nothing', () => {
    const messages = [{ role: 'assistant', content: 'x', tool_calls: [] }]
    const body = adapted('no_empty_lists', { messages, tools: [], tool_choice: 'auto', parallel_tool_calls: true })
    expect(body).toEqual({ model: 'm', messages: [{ role: 'assistant', content: 'x' }] })
  })

  it('makes texts of lists of texts, and leaves images alone', () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ]
    const image = { role: 'user', content: [{ type: 'image_url', image_url: {} }] }
    const messages = [{ role: 'user', content: parts }, { role: 'assistant', content: null }, image]
    expect(adapted('text_content', { messages }).messages.map(({ content }) => content)).toEqual([
      'a\nb',
      '',
      image.content,
    ])
  })

  it('of a field takes it out of the body or the messages, unless it carries meaning', () => {
    expect(adapted('without_seed', { seed: 1 })).toEqual(bodyOf())
    expect(adapted('without_tools', { tools: [1] }).tools).toEqual([1])
    const messages = [{ ...hi, name: 'bob' }]
    expect(adapted('messages_without_name', { messages }).messages).toEqual([hi])
    expect(adapted('messages_without_content', { messages }).messages).toEqual(messages)
  })

  it('of a well-known server is known before the first request', () => {
    expect(quirksOfServer('api.openai.com', 'gpt-5.5')).toEqual(['max_completion_tokens'])
    expect(quirksOfServer('api.openai.com', 'gpt-4o')).toEqual([])
    expect(quirksOfServer('localhost:1234', 'gpt-5.5')).toEqual([])
    const named = ['api.openai.com', 'api.deepseek.com', 'x.aliyuncs.com', 'api.mistral.ai']
    for (const name of named.flatMap((host) => quirksOfServer(host, 'o3'))) expect(quirkNamed(name), name).toBeDefined()
  })
})
