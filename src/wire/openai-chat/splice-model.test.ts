import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { spliceModel, spliceModelWithin } from './splice-model.ts'

describe('spliceModel', () => {
  it('changes the model and not one other character', () => {
    const json = '{ "id" : "x",\n "model" : "gpt" , "n": 1.0, "big": 12345678901234567890 }'
    expect(spliceModel(json, 'mine')).toBe('{ "id" : "x",\n "model" : "mine" , "n": 1.0, "big": 12345678901234567890 }')
  })

  it.each([
    ['text in a message', '{"messages":[{"content":"say \\"model\\":\\"evil\\""}],"model":"a"}'],
    ['a model deeper down', '{"tool":{"model":"deep"},"list":[{"model":"deeper"}],"model":"a"}'],
    ['a value that is the word', '{"kind":"model","model":"a"}'],
    ['a backslash before a quote', '{"path":"C:\\\\","model":"a","other":"\\\\\\"model\\":\\"x\\""}'],
    ['an escaped name', '{"model":"a\\"b\\\\"}'],
    ['a key written with escapes', '{"mod\\u0065l":"a"}'],
    ['a key that occurs twice', '{"model":"a","model":"b"}'],
    ['a model that is no string', '{"model":null,"x":1}'],
    ['no model at all', '{"x":1}'],
    ['brackets inside strings', '{"a":"}]}","model":"a","b":"{["}'],
  ])('finds the right one beside %s', (_name, json) => {
    const expected = { ...(JSON.parse(json) as object), model: 'mine' }
    expect(JSON.parse(spliceModel(json, 'mine'))).toEqual(expected)
  })

  it('writes names that need escaping', () => {
    expect(JSON.parse(spliceModel('{"model":"a"}', 'q"\\\n\u2028'))).toEqual({ model: 'q"\\\n\u2028' })
  })

  it('reads a text once, however often it says model', () => {
    const many = Array.from({ length: 50_000 }, () => '{"model":"x"}').join(',')
    const json = `{"messages":[${many}],"model":"a"}`
    expect(spliceModel(json, 'mine')).toBe(`{"messages":[${many}],"model":"mine"}`)
  })

  it('says the same as parsing and writing would, for any object', () => {
    const nasty = fc.constantFrom('model', '"model":"x"', '\\"model\\":', '{"model":"y"}', '\\', '"')
    const value = fc.jsonValue().chain((json) => fc.oneof(fc.constant(json), nasty, fc.constant({ model: json })))
    const object = fc.dictionary(fc.oneof(fc.string(), nasty), value)
    fc.assert(
      fc.property(
        object,
        fc.string(),
        fc.boolean(),
        fc.constantFrom(undefined, 2),
        (...[fields, model, first, indent]) => {
          const named = first ? { model: 'old', ...fields } : { ...fields, model: 'old' }
          const json = JSON.stringify(named, null, indent)
          return isDeepStrictEqual(JSON.parse(spliceModel(json, model)), { ...(JSON.parse(json) as object), model })
        },
      ),
    )
  })
})

describe('spliceModelWithin', () => {
  it('changes the model of the inner object and not one other character', () => {
    const json =
      '{"type":"x","model":"no", "response" : { "id":1.0, "model" : "gpt" ,"tools":[{"model":"no"}]},"n":{"model":"no"}}'
    expect(spliceModelWithin(json, 'response', 'mine')).toBe(json.replace('gpt', 'mine'))
  })

  it.each([
    ['there is no such object', '{"type":"x","model":"no"}'],
    ['it is none', '{"response":null,"model":"no"}'],
    ['only a text speaks of it', '{"delta":"\\"response\\":{\\"model\\":\\"no\\"}"}'],
    ['it is deeper down', '{"item":{"response":{"model":"no"}}}'],
  ])('leaves a text as it is where %s', (_name, json) => {
    expect(JSON.parse(json)).toBeTypeOf('object')
    expect(spliceModelWithin(json, 'response', 'mine')).toBe(json)
  })

  it('says the same as parsing and writing would, for any object', () => {
    const nasty = fc.constantFrom('model', '"response":{', '}', '{"model":"y"}', '\\', '"', ']')
    const value = fc.jsonValue().chain((json) => fc.oneof(fc.constant(json), nasty, fc.constant({ model: json })))
    const object = fc.dictionary(fc.oneof(fc.string(), nasty), value)
    fc.assert(
      fc.property(object, object, fc.string(), (outer, inner, model) => {
        const written = { ...outer, response: { ...inner, model: 'old' }, last: inner }
        const spliced = spliceModelWithin(JSON.stringify(written), 'response', model)
        const parsed = JSON.parse(JSON.stringify(written)) as typeof written
        return isDeepStrictEqual(JSON.parse(spliced), { ...parsed, response: { ...parsed.response, model } })
      }),
    )
  })
})
