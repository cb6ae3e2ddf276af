import { describe, expect, it } from 'vitest'
import type { ChatBody, ChatMessage } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'
import { callOptionsOf } from './call-options.ts'

const { signal } = new AbortController()

function optionsOf(body: Partial<ChatBody>, maxTokens?: number): ReturnType<typeof callOptionsOf> {
  const messages = [{ role: 'user', content: 'Hi' }]
  return callOptionsOf({ model: 'any', messages, ...body }, maxTokens === undefined ? {} : { maxTokens }, signal)
}

function promptOf(...messages: readonly ChatMessage[]): ReturnType<typeof callOptionsOf>['prompt'] {
  return optionsOf({ messages }).prompt
}

function errorOf(body: Partial<ChatBody>): unknown {
  try {
    return optionsOf(body)
  } catch (error) {
    return error
  }
}

const call = (id: string, name: string, text: string): object => ({
  id,
  type: 'function',
  function: { name, arguments: text },
})

describe('settings', () => {
  it('have the names of the specification', () => {
    const body = { temperature: 0.3, top_p: 0.9, top_k: 40, presence_penalty: 1, frequency_penalty: 2, seed: 7 }
    expect(optionsOf({ ...body, stop: 'END' })).toMatchObject({
      temperature: 0.3,
      topP: 0.9,
      topK: 40,
      presencePenalty: 1,
      frequencyPenalty: 2,
      seed: 7,
      stopSequences: ['END'],
      abortSignal: signal,
    })
    expect(optionsOf({ stop: ['a', 'b'], temperature: null })).toMatchObject({ stopSequences: ['a', 'b'] })
    expect(optionsOf({ temperature: null })).not.toHaveProperty('temperature')
  })

  it('limit the answer by either field; -1, 0 and null mean the default', () => {
    expect(optionsOf({ max_tokens: 5 }, 9).maxOutputTokens).toBe(5)
    expect(optionsOf({ max_tokens: 5, max_completion_tokens: 6 }, 9).maxOutputTokens).toBe(6)
    for (const max_tokens of [-1, 0, null]) expect(optionsOf({ max_tokens }, 9).maxOutputTokens).toBe(9)
    expect(optionsOf({})).not.toHaveProperty('maxOutputTokens')
  })

  it('ask for JSON, with a schema where there is one', () => {
    const schema = { type: 'object', properties: { a: { type: 'number' } } }
    expect(optionsOf({ response_format: { type: 'json_object' } }).responseFormat).toEqual({ type: 'json' })
    const format = { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } }
    expect(optionsOf({ response_format: format }).responseFormat).toEqual({ type: 'json', name: 'answer', schema })
    expect(optionsOf({ response_format: { type: 'text' } })).not.toHaveProperty('responseFormat')
  })

  it('ask for as much reasoning as the client does', () => {
    expect(optionsOf({ reasoning_effort: 'high' }).reasoning).toBe('high')
    expect(errorOf({ reasoning_effort: 'furious' })).toMatchObject({ param: 'reasoning_effort' })
  })

  it('leave reasoning out where tool calls come back without it, for a provider that would refuse them', () => {
    const detail = { type: 'reasoning.text', text: 'hm', extra_content: { anthropic: { signature: 's' } } }
    const calling: ChatMessage = { role: 'assistant', tool_calls: [call('1', 'f', '{}')] as never }
    const conversation = (asked: ChatMessage, ...rest: ChatMessage[]): Partial<ChatBody> => ({
      reasoning_effort: 'low',
      messages: [{ role: 'user', content: 'x' }, asked, { role: 'tool', tool_call_id: '1', content: 'y' }, ...rest],
    })
    const reasoningOf = (body: Partial<ChatBody>, needsSignedReasoning = true): unknown =>
      callOptionsOf({ model: 'm', messages: [], ...body }, { needsSignedReasoning }, signal).reasoning
    expect(reasoningOf(conversation(calling))).toBeUndefined()
    expect(reasoningOf(conversation(calling), false)).toBe('low')
    expect(reasoningOf(conversation({ ...calling, reasoning_details: [detail] }))).toBe('low')
    expect(reasoningOf(conversation(calling, { role: 'user', content: 'Go on' }))).toBe('low')
    expect(reasoningOf({ reasoning_effort: 'low', messages: [{ role: 'user', content: 'x' }] })).toBe('low')
  })

  it('pass on what only one provider knows', () => {
    const options = { anthropic: { thinking: { type: 'adaptive' } } }
    expect(optionsOf({ provider_options: options }).providerOptions).toEqual(options)
    expect(optionsOf({ provider_options: options, parallel_tool_calls: false }).providerOptions).toEqual({
      anthropic: { thinking: { type: 'adaptive' }, disableParallelToolUse: true },
    })
    expect(errorOf({ provider_options: { anthropic: 1 } })).toMatchObject({ param: 'provider_options' })
  })

  it.each([
    [{ n: 2 }, 'n'],
    [{ logprobs: true }, 'logprobs'],
  ])('that cannot be honoured are refused: %j', (body, param) => {
    expect(errorOf(body)).toMatchObject({ code: 'unsupported_parameter', param })
  })
})

describe('tools', () => {
  const weather = { type: 'function', function: { name: 'weather', description: 'Of a city', strict: true } }

  it('are functions with a schema, or run by the provider', () => {
    const search = { type: 'provider', id: 'google.google_search', name: 'search', args: { n: 1 } }
    const tools = [{ ...weather, function: { ...weather.function, parameters: { type: 'object', required: [] } } }]
    expect(optionsOf({ tools: [...tools, search] }).tools).toEqual([
      {
        type: 'function',
        name: 'weather',
        description: 'Of a city',
        strict: true,
        inputSchema: { type: 'object', properties: {}, required: [] },
      },
      search,
    ])
  })

  it('are left out where the list is empty, and the choice with them', () => {
    expect(optionsOf({ tools: [], tool_choice: 'auto' })).not.toHaveProperty('tools')
    expect(optionsOf({ tools: [], tool_choice: 'auto' })).not.toHaveProperty('toolChoice')
  })

  it('are chosen freely, not at all, surely, or by name', () => {
    const chosen = (tool_choice: unknown): unknown => optionsOf({ tools: [weather], tool_choice }).toolChoice
    expect(['auto', 'none', 'required'].map(chosen)).toEqual([{ type: 'auto' }, { type: 'none' }, { type: 'required' }])
    const named = { type: 'function', function: { name: 'weather' } }
    expect(chosen(named)).toEqual({ type: 'tool', toolName: 'weather' })
    expect(errorOf({ tools: [weather], tool_choice: { type: 'allowed_tools' } })).toMatchObject({
      param: 'tool_choice',
    })
  })

  it('of another type are refused by their place', () => {
    expect(errorOf({ tools: [weather, { type: 'web_search' }] })).toMatchObject({ param: 'tools[1]' })
  })
})

describe('the prompt', () => {
  it('has every system message first, wherever it stood', () => {
    const prompt = promptOf(
      { role: 'system', content: 'a' },
      { role: 'user', content: 'b' },
      { role: 'developer', content: [{ type: 'text', text: 'c' }] },
    )
    expect(prompt).toEqual([
      { role: 'system', content: 'a' },
      { role: 'system', content: 'c' },
      { role: 'user', content: [{ type: 'text', text: 'b' }] },
    ])
  })

  it('has tool calls with parsed arguments, and results under the name of their call, in one message', () => {
    const prompt = promptOf(
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [call('1', 'weather', '{"city":"Rome"}'), call('2', 'time', '')] as never,
      },
      { role: 'tool', tool_call_id: '1', content: 'sunny' },
      { role: 'tool', tool_call_id: '2', content: [{ type: 'text', text: 'noon' }] },
    )
    expect(prompt.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'tool-call', toolCallId: '1', toolName: 'weather', input: { city: 'Rome' } },
          { type: 'tool-call', toolCallId: '2', toolName: 'time', input: {} },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: '1', toolName: 'weather', output: { type: 'text', value: 'sunny' } },
          { type: 'tool-result', toolCallId: '2', toolName: 'time', output: { type: 'text', value: 'noon' } },
        ],
      },
    ])
  })

  it('keeps arguments that are not JSON, and gives back what the provider wants back', () => {
    const signed = { ...call('1', 'f', 'oops'), extra_content: { google: { thought_signature: 'sig' } } }
    const detail = { type: 'reasoning.text', text: 'hm', extra_content: { anthropic: { signature: 's' } } }
    const message = {
      role: 'assistant',
      content: 'ok',
      tool_calls: [signed] as never,
      reasoning_details: [detail, { type: 'other' }],
    }
    expect(promptOf({ role: 'user', content: 'x' }, message)[1]?.content).toEqual([
      { type: 'reasoning', text: 'hm', providerOptions: { anthropic: { signature: 's' } } },
      { type: 'text', text: 'ok' },
      {
        type: 'tool-call',
        toolCallId: '1',
        toolName: 'f',
        input: { arguments: 'oops' },
        providerOptions: { google: { thoughtSignature: 'sig' } },
      },
    ])
  })

  it('leaves out what is empty, because some providers refuse it', () => {
    const prompt = promptOf(
      {
        role: 'user',
        content: [
          { type: 'text', text: '' },
          { type: 'text', text: 'a' },
        ],
      },
      { role: 'assistant', content: '' },
      { role: 'user', content: 'b' },
    )
    expect(prompt.map(({ content }) => content)).toEqual([[{ type: 'text', text: 'a' }], [{ type: 'text', text: 'b' }]])
  })

  it.each([
    [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      'image/png',
      { type: 'data', data: 'AAAA' },
    ],
    [
      { type: 'image_url', image_url: { url: 'https://x.org/a.webp?b' } },
      'image/webp',
      { type: 'url', url: new URL('https://x.org/a.webp?b') },
    ],
    [
      { type: 'image_url', image_url: { url: 'https://x.org/a' } },
      'image/jpeg',
      { type: 'url', url: new URL('https://x.org/a') },
    ],
    [
      { type: 'input_audio', input_audio: { data: 'BBBB', format: 'mp3' } },
      'audio/mpeg',
      { type: 'data', data: 'BBBB' },
    ],
    [
      { type: 'file', file: { file_data: 'data:application/pdf;base64,CCCC' } },
      'application/pdf',
      { type: 'data', data: 'CCCC' },
    ],
    [{ type: 'file', file: { file_data: 'Q0NDQw==' } }, 'application/pdf', { type: 'data', data: 'Q0NDQw==' }],
  ])('has files: %j', (part, mediaType, data) => {
    expect(promptOf({ role: 'user', content: [part] })[0]?.content).toEqual([{ type: 'file', mediaType, data }])
  })

  it('keeps the name of a file, and files in the result of a tool', () => {
    const file = { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,CCCC' } }
    const [, , result] = promptOf(
      { role: 'user', content: 'x' },
      { role: 'assistant', tool_calls: [call('1', 'f', '{}')] as never },
      { role: 'tool', tool_call_id: '1', content: [{ type: 'text', text: 'here' }, file] },
    )
    const value = [
      { type: 'text', text: 'here' },
      { type: 'file', mediaType: 'application/pdf', filename: 'a.pdf', data: { type: 'data', data: 'CCCC' } },
    ]
    expect(result?.content).toMatchObject([{ output: { type: 'content', value } }])
  })

  it.each([
    [{ role: 'function', content: 'x' }, 'messages[0].role', 'invalid_request'],
    [{ role: 'tool', tool_call_id: 'none', content: 'x' }, 'messages[0].tool_call_id', 'invalid_request'],
    [{ role: 'user', content: [{ type: 'video' }] }, 'messages[0].content[0]', 'unsupported_modality'],
    [
      { role: 'user', content: [{ type: 'image_url', image_url: {} }] },
      'messages[0].content[0].image_url.url',
      'invalid_request',
    ],
    [
      { role: 'user', content: [{ type: 'image_url', image_url: 'no url' }] },
      'messages[0].content[0].image_url.url',
      'invalid_request',
    ],
    [
      { role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] },
      'messages[0].content[0].file.file_data',
      'invalid_request',
    ],
    [
      { role: 'assistant', tool_calls: [{ id: '1', type: 'custom' }] },
      'messages[0].tool_calls[0]',
      'unsupported_parameter',
    ],
  ])('names the place of what it cannot take: %j', (message, param, code) => {
    const error = errorOf({ messages: [message] })
    expect(error).toBeInstanceOf(RequestError)
    expect(error).toMatchObject({ code, param })
  })
})
