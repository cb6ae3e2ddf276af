import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMollmrError } from '../chat/errors.ts'
import { parseJsonBody } from './parse-json-body.ts'

function codeOf(body: string | Uint8Array): string {
  try {
    parseJsonBody(typeof body === 'string' ? Buffer.from(body) : body)
    return 'ok'
  } catch (error) {
    if (!isMollmrError(error)) throw error
    return error.code
  }
}

const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
const wide = (values: number): string => `{"a":[${Array.from({ length: values }, () => '{}').join(',')}]}`

describe('parseJsonBody', () => {
  it('gives the value and the text it was parsed from', () => {
    const text = ' { "a" : [1, {"b": "é"}] } '
    expect(parseJsonBody(Buffer.from(text))).toEqual({ value: { a: [1, { b: 'é' }] }, source: text })
  })

  it.each([
    ['nothing', '', 'invalid_json'],
    ['null', 'null', 'invalid_json'],
    ['a list', '[{}]', 'invalid_json'],
    ['a number', '1e400', 'invalid_json'],
    ['a byte order mark', '\ufeff{"a":1}', 'invalid_json'],
    ['half an object', '{"a":', 'invalid_json'],
    ['a string without end', '{"a":"b\\', 'invalid_json'],
    ['closing brackets only', ']]}}', 'invalid_json'],
    ['a key twice', '{"a":1,"a":1}', 'duplicate_key'],
    ['a key twice, once with escapes', '{"model":"a","mod\\u0065l":"b"}', 'duplicate_key'],
    ['a key twice, deep down', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}', 'duplicate_key'],
    ['one key in two objects', '{"a":{"b":1},"c":{"b":2}}', 'ok'],
    ['a colon in a string', '{"a":"b:c","d:e":"\\":"}', 'ok'],
    ['__proto__', '{"a":{"__proto__":{"isAdmin":true}}}', 'invalid_request'],
    ['__proto__ with escapes', '{"\\u005f_proto__":{}}', 'invalid_request'],
    ['constructor.prototype', '{"constructor":{"prototype":{"isAdmin":true}}}', 'invalid_request'],
    ['a tool whose parameter is called constructor', '{"properties":{"constructor":{"type":"string"}}}', 'ok'],
    ['64 levels', nested(64), 'ok'],
    ['65 levels', nested(65), 'json_too_complex'],
    ['100,000 levels', nested(100_000), 'json_too_complex'],
    ['brackets in a string', `{"a":"${'['.repeat(1000)}"}`, 'ok'],
    ['many values', wide(99_000), 'ok'],
    ['too many values', wide(101_000), 'json_too_complex'],
  ])('%s', (_name, text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  it('refuses bytes that are not UTF-8, wherever they stand', () => {
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      expect(codeOf(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]))).toBe('invalid_utf8')
    }
  })

  it('leaves the prototype of all objects as it is', () => {
    codeOf('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('takes every object that JSON can say, unless it has a forbidden key', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        const text = JSON.stringify(value)
        fc.pre(!text.includes('"__proto__"') && !text.includes('"prototype"'))
        expect(parseJsonBody(Buffer.from(text)).value).toEqual(JSON.parse(text))
      }),
    )
  })

  it('says the same of any bytes as JSON.parse does, in a typed error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', ' ') }),
        (text) => {
          const code = codeOf(text)
          if (code !== 'ok') return
          expect(JSON.parse(text)).toBeTypeOf('object')
        },
      ),
    )
  })
})
