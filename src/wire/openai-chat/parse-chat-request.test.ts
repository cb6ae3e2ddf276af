import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMollmrError } from '../../chat/errors.ts'
import { parseChatRequest } from './parse-chat-request.ts'

const caller = { headers: {} }
const hello = { model: 'router', messages: [{ role: 'user', content: 'Hi' }] }

function parse(body: unknown): ReturnType<typeof parseChatRequest> {
  return parseChatRequest(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), caller)
}

function failure(body: unknown): unknown {
  try {
    parse(body)
    return null
  } catch (error) {
    return error
  }
}

describe('parseChatRequest', () => {
  it('keeps every unknown field, and the text it came from', () => {
    const body = {
      ...hello,
      reasoning: { effort: 'low' },
      messages: [{ role: 'user', content: 'Hi', cache_control: { type: 'x' } }],
    }
    const request = parse(body)
    expect(request.body).toEqual(body)
    expect(request.source).toBe(JSON.stringify(body))
  })

  it('takes the field mollmr out of the body, and with it the text that still has it', () => {
    const request = parse({ ...hello, mollmr: { mixture: 'coder', quorum: 2, include: ['usage'] } })
    expect(request.options).toEqual({ mixture: 'coder', quorum: 2, include: ['usage'] })
    expect(request.body).toEqual(hello)
    expect(request.source).toBeUndefined()
  })

  it.each([
    [{ ...hello, mollmr: 3 }, 'mollmr'],
    [{ ...hello, mollmr: { quorom: 2 } }, 'mollmr.quorom'],
    [{ ...hello, mollmr: { toString: 2 } }, 'mollmr.toString'],
    [{ ...hello, mollmr: { quorum: 0 } }, 'mollmr.quorum'],
    [{ messages: hello.messages }, 'model'],
    [{ ...hello, model: '' }, 'model'],
    [{ ...hello, model: 3 }, 'model'],
    [{ model: 'x' }, 'messages'],
    [{ ...hello, messages: [] }, 'messages'],
    [{ ...hello, messages: 'Hi' }, 'messages'],
    [{ ...hello, messages: [null] }, 'messages[0]'],
    [{ ...hello, messages: [{ content: 'Hi' }] }, 'messages[0].role'],
    [{ ...hello, messages: [{ role: 'user', content: 3 }] }, 'messages[0].content'],
    [{ ...hello, messages: [{ role: 'user', content: ['Hi'] }] }, 'messages[0].content[0]'],
    [{ ...hello, messages: [{ role: 'user', content: [{ type: 'text', text: 3 }] }] }, 'messages[0].content[0].text'],
    [{ ...hello, messages: [{ role: 'assistant', tool_calls: [3] }] }, 'messages[0].tool_calls'],
    [{ ...hello, stream: 'yes' }, 'stream'],
    [{ ...hello, temperature: 'hot' }, 'temperature'],
    [{ ...hello, temperature: -1 }, 'temperature'],
    [{ ...hello, top_p: 1.5 }, 'top_p'],
    [{ ...hello, n: -1 }, 'n'],
    [{ ...hello, max_tokens: 1.5 }, 'max_tokens'],
    [{ ...hello, stop: [3] }, 'stop'],
    [{ ...hello, tools: {} }, 'tools'],
    [{ ...hello, response_format: 'json' }, 'response_format'],
  ])('refuses %j and names %s', (body, param) => {
    expect(failure(body)).toMatchObject({ code: 'invalid_request', param })
  })

  it('accepts what clients really send', () => {
    for (const extra of [
      { max_tokens: -1 },
      { max_tokens: 0 },
      { max_tokens: null },
      { stop: null },
      { tools: [] },
      { temperature: 0 },
      { stream_options: { include_usage: true } },
      { messages: [{ role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] }] },
      { messages: [{ role: 'assistant', content: null, tool_calls: [] }] },
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'user', content: 'b' },
        ],
      },
    ]) {
      expect(failure({ ...hello, ...extra })).toBeNull()
    }
  })

  it.each(['', '{', 'null', '[]', '3', '"x"', '\ufeff{}'])('refuses %j as invalid JSON', (text) => {
    expect(failure(text)).toMatchObject({ code: 'invalid_json' })
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseChatRequest(Uint8Array.of(0x7b, 0xff, 0x7d), caller)).toThrow('UTF-8')
  })

  it.each([
    ['{"model":"m","messages":[{"role":"user","content":"Hi"}],"__proto__":{"polluted":1}}', 'invalid_request'],
    ['{"model":"m","model":"n","messages":[{"role":"user","content":"Hi"}]}', 'duplicate_key'],
  ])('refuses what two readers could understand differently: %s', (text, code) => {
    expect(failure(text)).toMatchObject({ code })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('throws nothing but its own errors, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const error = failure(text)
        expect(error === null || isMollmrError(error)).toBe(true)
      }),
    )
  })
})
