import { describe, expect, it } from 'vitest'
import type { ResponseFormat } from '../../chat/chat-request.ts'
import { formProblem, outOfFence, plainSchemaProblem } from './response-format.ts'

function fitsResponseFormat(text: string, format: ResponseFormat | null | undefined): boolean {
  return formProblem(text, format, plainSchemaProblem) === null
}

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: ['integer', 'null'] },
    tags: { type: 'array', items: { enum: ['a', 'b'] } },
    isOk: { type: 'boolean' },
  },
  required: ['name', 'age'],
  additionalProperties: false,
}
const format = { type: 'json_schema', json_schema: { name: 'person', schema } }

describe('a draft fits the form that the client asked for', () => {
  it.each([null, undefined, { type: 'text' }])('always where that is text', (any) => {
    expect(fitsResponseFormat('Hello', any)).toBe(true)
  })

  it('of json_object where it is a JSON object and nothing around it', () => {
    const json = { type: 'json_object' }
    expect(fitsResponseFormat(' {"a": 1}\n', json)).toBe(true)
    expect(fitsResponseFormat('[1]', json)).toBe(false)
    expect(fitsResponseFormat('Here: {"a": 1}', json)).toBe(false)
  })

  it.each(['{"name":"Ann","age":7}', '{"name":"Ann","age":null,"tags":["a","b"],"isOk":true}'])(
    'of a schema where it keeps it: %s',
    (text) => {
      expect(fitsResponseFormat(text, format)).toBe(true)
    },
  )

  it.each([
    '{"name":"Ann"}',
    '{"name":7,"age":7}',
    '{"name":"Ann","age":7.5}',
    '{"name":"Ann","age":7,"tags":["c"]}',
    '{"name":"Ann","age":7,"tags":"a"}',
    '{"name":"Ann","age":7,"isOk":"yes"}',
    '{"name":"Ann","age":7,"extra":1}',
    '"Ann"',
    'null',
    'Ann is 7',
  ])('of a schema not where it breaks it: %s', (text) => {
    expect(fitsResponseFormat(text, format)).toBe(false)
  })

  it('of a schema that says nothing that is known here', () => {
    expect(fitsResponseFormat('3', { type: 'json_schema', json_schema: { schema: { $ref: '#/x' } } })).toBe(true)
    expect(fitsResponseFormat('3', { type: 'json_schema', json_schema: { schema: { type: 'number' } } })).toBe(true)
    expect(fitsResponseFormat('3', { type: 'json_schema' })).toBe(true)
  })
})

describe('a code fence around a whole text', () => {
  it.each([
    ['```json\n{"a": 1}\n```', '{"a": 1}'],
    ['  ```\n[1]\n```\n', '[1]'],
    ['```json\n{"code": "```"}\n```', '{"code": "```"}'],
    ['Here: ```json\n{}\n```', null],
    ['{"a": 1}', null],
  ])('is taken off: %j', (text, bare) => {
    expect(outOfFence(text)).toBe(bare)
  })
})
