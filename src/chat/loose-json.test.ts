import { describe, expect, it } from 'vitest'
import { fieldsOf, isObject, parseArguments, parseLoosely, textIn } from './loose-json.ts'

describe('JSON that others have written', () => {
  it('is an object only where it has fields', () => {
    expect(isObject({})).toBe(true)
    for (const other of [null, undefined, [], 'x', 1]) {
      expect(isObject(other)).toBe(false)
      expect(fieldsOf(other)).toEqual({})
    }
  })

  it('has a text only where a text was written', () => {
    expect(textIn({ a: 'x', b: 1, c: null }, 'a')).toBe('x')
    for (const name of ['b', 'c', 'd']) expect(textIn({ a: 'x', b: 1, c: null }, name)).toBe('')
  })

  it('is nothing where it cannot be read', () => {
    expect(parseLoosely('[1]')).toEqual([1])
    expect(parseLoosely('{"a":')).toBeUndefined()
  })
})

describe('the arguments of a tool call', () => {
  it('are what was written', () => {
    expect(parseArguments('{"a":1}')).toEqual({ a: 1 })
    expect(parseArguments('null')).toEqual({ arguments: 'null' })
  })

  it('are none where nothing was written', () => {
    for (const text of [undefined, '', ' ']) expect(parseArguments(text)).toEqual({})
  })

  it('are handed on as a text where they are no JSON', () => {
    expect(parseArguments('{"a":')).toEqual({ arguments: '{"a":' })
  })
})
