import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatBody } from '../../chat/chat-request.ts'
import { isMollmrError } from '../../chat/errors.ts'
import { parseResponsesRequest } from './parse-responses-request.ts'
import type { Item } from './read-input.ts'
import { responseId } from './response-object.ts'
import { ResponseShelf } from './response-shelf.ts'

const caller = { headers: {} }
const hello = { model: 'router', input: 'Hi' }

function parse(body: unknown, shelf = new ResponseShelf()): ReturnType<typeof parseResponsesRequest> {
  return parseResponsesRequest(Buffer.from(JSON.stringify(body)), caller, shelf)
}

function bodyOf(fields: object): ChatBody {
  return parse({ ...hello, ...fields }).request.body
}

function failure(body: unknown): unknown {
  try {
    parse(body)
    return null
  } catch (error) {
    return error
  }
}

describe('the request that Codex sends', () => {
  const recorded = readFileSync(new URL('../../../test/recorded/codex.json', import.meta.url))
  const { request, dropped, tools } = parseResponsesRequest(recorded, caller, new ResponseShelf())

  it('says the same in the words of the chat API', () => {
    expect(request.body.messages).toEqual([
      { role: 'system', content: '<permissions instructions>You may write files.</permissions instructions>' },
      { role: 'user', content: '<environment_context><cwd>/work</cwd></environment_context>' },
      { role: 'user', content: 'Create hello.txt.' },
      {
        role: 'assistant',
        content: null,
        reasoning_content: 'A file is wanted.',
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'exec_command', arguments: '{"cmd":"ls"}' } },
          { id: 'call_2', type: 'function', function: { name: 'multi_agent__spawn', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'README.md' },
      { role: 'tool', tool_call_id: 'call_2', content: 'spawned' },
    ])
    expect(request.body).toMatchObject({ stream: true, reasoning_effort: 'medium', tool_choice: 'auto' })
  })

  it('has its functions, those of its namespaces and its free-text tools', () => {
    const names = request.body.tools?.map((tool) => (tool as { function: { name: string } }).function.name)
    expect(names).toEqual(['exec_command', 'multi_agent__spawn', 'apply_patch'])
    expect(tools.get('multi_agent__spawn')).toEqual({ name: 'spawn', namespace: 'multi_agent', isCustom: false })
    expect(tools.get('apply_patch')).toEqual({ name: 'apply_patch', isCustom: true })
    expect(JSON.stringify(request.body.tools?.[2])).toContain('follows this grammar')
  })

  it('says what other models do not get, and keeps all of it for a model of the same API', () => {
    expect(dropped).toEqual(['tools: web_search'])
    expect(request.native).toEqual({ dialect: 'openai-responses', json: recorded.toString() })
  })
})

describe('the input', () => {
  it('may be a text, after instructions', () => {
    expect(bodyOf({ instructions: 'Be brief.' }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ])
  })

  it('keeps pictures, files and sound', () => {
    const content = [
      { type: 'input_text', text: 'What is it?' },
      { type: 'input_image', image_url: 'https://example.org/a.png', detail: 'low' },
      { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' },
      { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
    ]
    expect(bodyOf({ input: [{ role: 'user', content }] }).messages[0]?.content).toEqual([
      { type: 'text', text: 'What is it?' },
      { type: 'image_url', image_url: { url: 'https://example.org/a.png', detail: 'low' } },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
    ])
  })

  it('shows pictures that a tool gave as the user, because a result is text', () => {
    const output = [{ type: 'input_image', image_url: 'https://example.org/a.png' }]
    expect(bodyOf({ input: [{ type: 'function_call_output', call_id: 'c', output }] }).messages).toEqual([
      { role: 'tool', tool_call_id: 'c', content: '[The result is shown below.]' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }] },
    ])
  })

  it('takes what the assistant said and then called as one message', () => {
    const input = [
      { type: 'message', role: 'assistant', id: 'msg_1', content: [{ type: 'output_text', text: 'I look.' }] },
      { type: 'custom_tool_call', call_id: 'c', name: 'apply_patch', input: 'patch' },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'done' },
    ]
    expect(bodyOf({ input }).messages).toEqual([
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'apply_patch', arguments: '{"input":"patch"}' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: 'done' },
    ])
  })

  it('drops items of servers that we are not', () => {
    const input = [{ type: 'web_search_call', id: 'ws_1' }, ...[{ role: 'user', content: 'Hi' }]]
    expect(parse({ ...hello, input }).dropped).toEqual(['input: web_search_call'])
  })
})

describe('what is asked for', () => {
  const tools = [
    { type: 'function', name: 'add', parameters: {} },
    { type: 'function', name: 'sub', parameters: {} },
  ]

  it.each([
    ['required', { tool_choice: 'required' }],
    [{ type: 'function', name: 'add' }, { tool_choice: { type: 'function', function: { name: 'add' } } }],
    [{ type: 'web_search' }, { tool_choice: 'auto' }],
  ])('of tools by %j', (choice, fields) => {
    expect(bodyOf({ tools, tool_choice: choice })).toMatchObject(fields)
  })

  it('of a few of the tools', () => {
    const choice = { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'sub' }] }
    const body = bodyOf({ tools, tool_choice: choice })
    expect(body.tools).toMatchObject([{ function: { name: 'sub' } }])
    expect(body.tool_choice).toBe('required')
  })

  it('of JSON', () => {
    const format = { type: 'json_schema', name: 'sum', strict: true, schema: { type: 'object' } }
    expect(bodyOf({ text: { format } }).response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'sum', strict: true, schema: { type: 'object' } },
    })
    expect(bodyOf({ text: { format: { type: 'json_object' } } }).response_format).toEqual({ type: 'json_object' })
    expect(bodyOf({ text: { format: { type: 'text' } } })).not.toHaveProperty('response_format')
  })

  it('of limits and effort', () => {
    expect(bodyOf({ max_output_tokens: 50, reasoning: { effort: 'low' }, temperature: 0 })).toMatchObject({
      max_tokens: 50,
      reasoning_effort: 'low',
      temperature: 0,
    })
  })

  it('by empty lists is nothing', () => {
    expect(bodyOf({ tools: [], include: [], parallel_tool_calls: false })).toEqual({
      model: 'router',
      messages: [{ role: 'user', content: 'Hi' }],
    })
  })

  it('of names that are too long is asked for without the namespace', () => {
    const long = 'n'.repeat(60)
    const body = bodyOf({ tools: [{ type: 'namespace', name: long, tools: [{ type: 'function', name: 'spawn' }] }] })
    expect(body.tools).toMatchObject([{ function: { name: 'spawn' } }])
  })
})

describe('a conversation that is kept', () => {
  const shelf = new ResponseShelf()
  const call = { id: 'fc_1', type: 'function_call', call_id: 'c', name: 'add', arguments: '{}' }
  const kept = (id: string, output: readonly Item[], heldBy?: string): void => {
    const said = { id, input: [{ role: 'user', content: 'Hi' }], output: [...output], response: { id }, heldBy }
    shelf.keep(said, 100)
  }
  kept('resp_1', [call])
  kept('resp_up', [{ ...call, id: 'fc_up' }], 'openai')
  kept('resp_else', [{ ...call, id: 'fc_else' }], 'azure')

  it('goes on after previous_response_id', () => {
    const input = [{ type: 'function_call_output', call_id: 'c', output: '3' }]
    const { request } = parse({ ...hello, previous_response_id: 'resp_1', input }, shelf)
    expect(request.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
    expect(request.native).toBeUndefined()
  })

  it('at an upstream goes on there in its own words, and anywhere else from what is kept here', () => {
    const input = [{ type: 'function_call_output', call_id: 'c', output: '3' }]
    const body = { ...hello, previous_response_id: 'resp_up', input }
    const { request } = parse(body, shelf)
    expect(request.native).toEqual({ dialect: 'openai-responses', json: JSON.stringify(body), heldBy: 'openai' })
    expect(request.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
  })

  it.each([
    ['two upstreams', ['fc_up', 'fc_else']],
    ['an upstream and us', ['fc_up', 'fc_1']],
  ])('of %s is understood by no upstream', (_name, ids) => {
    const references = ids.map((id) => ({ type: 'item_reference', id }))
    expect(parse({ ...hello, input: references }, shelf).request.native).toBeUndefined()
  })

  it('with thoughts of another model is not sent as it is: a server would look for them', () => {
    const thought = (id: string) => ({ type: 'reasoning', id, summary: [{ type: 'summary_text', text: 'Hm.' }] })
    const nativeOf = (id: string) =>
      parse({ ...hello, input: [{ role: 'user', content: 'Hi' }, thought(id)] }).request.native
    expect(nativeOf('rs_68af4030baa48193b0b43b4c2a176a1a0e6967589f080e77')).toBeDefined()
    expect(nativeOf(`${responseId('req_9b2d6f0e-7c1a-4e55-8d7e-0a1b2c3d4e5f', 'rs')}_0`)).toBeUndefined()
  })

  it('is named item by item', () => {
    const input = [
      { role: 'user', content: 'Hi' },
      { type: 'item_reference', id: 'fc_1' },
      { type: 'function_call_output', call_id: 'c', output: '3' },
    ]
    const { request } = parse({ ...hello, input }, shelf)
    expect(request.body.messages[1]?.tool_calls).toMatchObject([{ id: 'c', function: { name: 'add' } }])
  })

  it.each([
    [{ ...hello, previous_response_id: 'resp_0' }, 'previous_response_id'],
    [{ ...hello, input: [{ type: 'item_reference', id: 'fc_0' }] }, 'input[0].id'],
  ])('is refused clearly where it is not kept: %j', (body, param) => {
    expect(failure(body)).toMatchObject({
      code: 'invalid_request',
      param,
      message: expect.stringContaining('not kept'),
    })
  })
})

describe('a request that cannot be meant or met', () => {
  it.each([
    [{ input: 'Hi' }, 'model', 'invalid_request'],
    [{ model: 'x' }, 'input', 'invalid_request'],
    [{ model: 'x', input: [] }, 'input', 'invalid_request'],
    [{ ...hello, input: [{ content: 'Hi' }] }, 'input[0].role', 'invalid_request'],
    [{ ...hello, input: [{ role: 'user', content: 3 }] }, 'input[0].content', 'invalid_request'],
    [{ ...hello, tools: {} }, 'tools', 'invalid_request'],
    [{ ...hello, background: true }, 'background', 'unsupported_parameter'],
    [{ ...hello, conversation: 'conv_1' }, 'conversation', 'unsupported_parameter'],
    [{ ...hello, prompt: { id: 'p' } }, 'prompt', 'unsupported_parameter'],
    [{ ...hello, top_logprobs: 3 }, 'top_logprobs', 'unsupported_parameter'],
  ])('%j is refused and names %s', (...[body, param, code]) => {
    expect(failure(body)).toMatchObject({ code, param })
  })

  it('throws nothing but our own errors, whatever JSON comes', () => {
    const item = fc.record({
      type: fc.constantFrom('message', 'function_call', 'reasoning', 'x'),
      role: fc.string(),
      content: fc.jsonValue(),
      summary: fc.jsonValue(),
      output: fc.jsonValue(),
    })
    const body = fc.record({
      model: fc.constant('m'),
      input: fc.array(item),
      tools: fc.array(fc.jsonValue()),
      tool_choice: fc.jsonValue(),
      text: fc.jsonValue(),
    })
    fc.assert(
      fc.property(fc.oneof(body, fc.jsonValue()), (value) => {
        const error = failure(value)
        expect(error === null || isMollmrError(error)).toBe(true)
      }),
    )
  })
})
