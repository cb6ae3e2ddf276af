import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChatBody } from '../../chat/chat-request.ts'
import { isMollmrError } from '../../chat/errors.ts'
import { parseMessagesRequest } from './parse-messages-request.ts'

const caller = { headers: {} }
const hello = { model: 'router', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] }

function parse(body: unknown): ReturnType<typeof parseMessagesRequest> {
  return parseMessagesRequest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), caller)
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

describe('the request that Claude Code sends', () => {
  const recorded = readFileSync(new URL('../../../test/recorded/claude-code.json', import.meta.url))
  const { request, dropped, showsThinking } = parseMessagesRequest(recorded, caller)

  it('says the same in the words of OpenAI', () => {
    expect(request.body).toMatchObject({
      model: 'claude-mollmr-generic',
      stream: true,
      stream_options: { include_usage: true },
      reasoning_effort: 'high',
    })
    expect(request.body.messages).toEqual([
      { role: 'system', content: 'You are Claude Code.\n\nWork in the current folder.' },
      { role: 'user', content: '<system-reminder>\nToday is Tuesday.\n</system-reminder>\n\nCreate hello.txt.' },
      {
        role: 'assistant',
        content: 'I write it.',
        reasoning_content: 'A file is wanted.',
        tool_calls: [
          {
            id: 'toolu_01',
            type: 'function',
            function: { name: 'Write', arguments: '{"file_path":"hello.txt","content":"hello"}' },
          },
        ],
      },
      {
        role: 'tool',
        tool_call_id: 'toolu_01',
        content: 'File created.\n\n<system-reminder>\nThe todo list is empty.\n</system-reminder>',
      },
      { role: 'system', content: 'The plan mode is off.' },
    ])
  })

  it('has its own tools, also those that load late, and no mark of the cache', () => {
    expect(request.body.tools).toHaveLength(2)
    expect(request.body.tools?.[0]).toMatchObject({ type: 'function', function: { name: 'Write' } })
    expect(JSON.stringify(request.body)).not.toMatch(/cache_control|billing-header|defer_loading/)
  })

  it('sets no limit where it asks for the most that there is', () => {
    expect(request.body).not.toHaveProperty('max_tokens')
  })

  it('says what other models do not get, and keeps all of it for a model of Anthropic', () => {
    expect(dropped).toEqual(['context_management', 'tools: web_search_20250305'])
    expect(request.native).toEqual({ dialect: 'anthropic-messages', json: recorded.toString() })
    expect(showsThinking).toBe(true)
  })
})

describe('a system prompt', () => {
  it.each([
    ['a text', 'Be brief.', 'Be brief.'],
    [
      'blocks',
      [
        { type: 'text', text: 'Be' },
        { type: 'text', text: 'brief.' },
      ],
      'Be\n\nbrief.',
    ],
  ])('may be %s', (_name, system, content) => {
    expect(bodyOf({ system }).messages[0]).toEqual({ role: 'system', content })
  })

  it.each([[''], [[]], [null]])('of %j is none', (system) => {
    expect(bodyOf({ system }).messages).toEqual([{ role: 'user', content: 'Hi' }])
  })
})

describe('the content of a user', () => {
  const userContent = (...content: object[]): unknown =>
    bodyOf({ messages: [{ role: 'user', content }] }).messages[0]?.content

  it('keeps pictures, as data or by address', () => {
    const data = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
    const url = { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } }
    expect(userContent({ type: 'text', text: 'What is it?' }, data, url)).toEqual([
      { type: 'text', text: 'What is it?' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'image_url', image_url: { url: 'https://example.org/a.png' } },
    ])
  })

  it('keeps documents: PDFs as files, text as text', () => {
    const pdf = {
      type: 'document',
      title: 'a.pdf',
      source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' },
    }
    const text = {
      type: 'document',
      title: 'Notes',
      source: { type: 'text', media_type: 'text/plain', data: 'Wheels.' },
    }
    const parts = { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'Inner.' }] } }
    expect(userContent(pdf, text, parts)).toEqual([
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
      { type: 'text', text: 'Notes\nWheels.' },
      { type: 'text', text: 'Inner.' },
    ])
  })
})

describe('results of tools', () => {
  const results = (...content: object[]): unknown => bodyOf({ messages: [{ role: 'user', content }] }).messages

  it('come before what the user says beside them, and say where a tool failed', () => {
    expect(
      results(
        { type: 'text', text: 'And now?' },
        { type: 'tool_result', tool_use_id: 't1', content: 'One' },
        { type: 'tool_result', tool_use_id: 't2', is_error: true, content: [{ type: 'text', text: 'No such file' }] },
      ),
    ).toEqual([
      { role: 'tool', tool_call_id: 't1', content: 'One' },
      { role: 'tool', tool_call_id: 't2', content: '[The tool failed]\nNo such file' },
      { role: 'user', content: 'And now?' },
    ])
  })

  it('hand their pictures on as the user, because a result is text', () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://example.org/a.png' } }
    expect(results({ type: 'tool_result', tool_use_id: 't1', content: [image] })).toEqual([
      { role: 'tool', tool_call_id: 't1', content: '[The result is shown below.]' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://example.org/a.png' } }] },
    ])
  })
})

describe('what is asked for', () => {
  it.each([
    [{ type: 'auto' }, { tool_choice: 'auto' }],
    [{ type: 'any' }, { tool_choice: 'required' }],
    [{ type: 'none' }, { tool_choice: 'none' }],
    [{ type: 'tool', name: 'add' }, { tool_choice: { type: 'function', function: { name: 'add' } } }],
    [
      { type: 'auto', disable_parallel_tool_use: true },
      { tool_choice: 'auto', parallel_tool_calls: false },
    ],
  ])('of tools by %j', (choice, fields) => {
    const tools = [{ name: 'add', input_schema: { type: 'object' } }]
    expect(bodyOf({ tools, tool_choice: choice })).toMatchObject(fields)
    expect(bodyOf({ tool_choice: choice })).not.toHaveProperty('tool_choice')
  })

  it.each([
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, 'low'],
    [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 'medium'],
    [{ thinking: { type: 'enabled', budget_tokens: 32_000 } }, 'high'],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, 'high'],
    [{ thinking: { type: 'adaptive' } }, undefined],
    [{}, undefined],
  ])('of effort by %j', (fields, effort) => {
    expect(bodyOf(fields)['reasoning_effort']).toBe(effort)
  })

  it('of a JSON schema', () => {
    const schema = { type: 'object', properties: {} }
    expect(bodyOf({ output_config: { format: { type: 'json_schema', schema } } }).response_format).toEqual({
      type: 'json_schema',
      json_schema: { name: 'answer', strict: true, schema },
    })
  })

  it('of sampling and an end', () => {
    expect(bodyOf({ temperature: 0, top_p: 0.5, top_k: 5, stop_sequences: ['END'] })).toMatchObject({
      max_tokens: 100,
      temperature: 0,
      top_p: 0.5,
      top_k: 5,
      stop: ['END'],
    })
  })

  it('of MoLLMR itself, which then goes to no model', () => {
    const { request } = parse({ ...hello, mollmr: { mixture: 'coder' } })
    expect(request.options).toEqual({ mixture: 'coder' })
    expect(request.native).toBeUndefined()
    expect(request.body).not.toHaveProperty('mollmr')
  })
})

describe('a conversation that holds thinking of another model', () => {
  it('does not go to Anthropic as it is, because that refuses thinking without a signature', () => {
    const content = [{ type: 'thinking', thinking: 'Hm.', signature: '' }]
    const messages = [...hello.messages, { role: 'assistant', content }, ...hello.messages]
    expect(parse({ ...hello, messages }).request.native).toBeUndefined()
  })
})

describe('a request that cannot be meant', () => {
  it.each([
    [{ messages: hello.messages }, 'model'],
    [{ model: 'x' }, 'messages'],
    [{ ...hello, messages: [3] }, 'messages[0]'],
    [{ ...hello, messages: [{ content: 'Hi' }] }, 'messages[0].role'],
    [{ ...hello, messages: [{ role: 'user', content: 3 }] }, 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }, 'messages[0].content'],
    [{ ...hello, system: 3 }, 'system'],
    [{ ...hello, stop_sequences: 'END' }, 'stop_sequences'],
    [{ ...hello, tools: {} }, 'tools'],
    [{ ...hello, mollmr: { quorom: 2 } }, 'mollmr.quorom'],
  ])('%j is refused and names %s', (body, param) => {
    expect(failure(body)).toMatchObject({ code: 'invalid_request', param })
  })

  it('throws nothing but our own errors, whatever JSON comes', () => {
    const content = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(fc.jsonValue(), fc.record({ type: fc.string(), content: fc.jsonValue() }))),
    )
    const message = fc.record({ role: fc.constantFrom('user', 'assistant', 'system', 'x'), content })
    const body = fc.record({
      model: fc.constant('m'),
      messages: fc.array(message, { minLength: 1 }),
      tools: fc.jsonValue(),
      tool_choice: fc.jsonValue(),
    })
    fc.assert(
      fc.property(fc.oneof(body, fc.jsonValue()), (value) => {
        const error = failure(JSON.stringify(value))
        expect(error === null || isMollmrError(error)).toBe(true)
      }),
    )
  })
})
