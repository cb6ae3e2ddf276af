import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonObjectsIn } from './json-objects.ts'

describe('jsonObjectsIn', () => {
  it('finds an object in a code fence', () => {
    expect(jsonObjectsIn('Sure!\n```json\n{"choice": "a"}\n```')).toEqual([{ choice: 'a' }])
  })

  it('finds several, outermost only', () => {
    expect(jsonObjectsIn('{"a": {"b": 1}} and {"c": 2}')).toEqual([{ a: { b: 1 } }, { c: 2 }])
  })

  it('is not confused by braces in strings', () => {
    expect(jsonObjectsIn('{"a": "}{\\"", "b": 1}')).toEqual([{ a: '}{"', b: 1 }])
  })

  it('reads the object inside braces that are not JSON', () => {
    expect(jsonObjectsIn('{thinking {"choice": "a"}}')).toEqual([{ choice: 'a' }])
  })

  it('finds nothing in a cut object', () => {
    expect(jsonObjectsIn('{"choice": "a", "reason": "be')).toEqual([])
  })

  it('finds any object again that stands in prose without braces', () => {
    const prose = fc.string().map((text) => text.replace(/[{}"]/g, ''))
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), prose, prose, (object, before, after) => {
        const json = JSON.stringify(object)
        fc.pre(json.length < 4000)
        expect(jsonObjectsIn(before + json + after)).toEqual([JSON.parse(json)])
      }),
    )
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[{}"\\:a, ]*$/), (text) => {
        expect(Array.isArray(jsonObjectsIn(text))).toBe(true)
      }),
    )
  })
})
