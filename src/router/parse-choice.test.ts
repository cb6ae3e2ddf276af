import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchId, parseChoice, withoutThinking } from './parse-choice.ts'

const ids = ['coder', 'coder-xl', 'General Talk', 'maths', 'none']

describe('parseChoice', () => {
  it.each([
    ['{"choice": "coder", "reason": "it is code"}', 'coder'],
    ['```json\n{"choice":"maths"}\n```', 'maths'],
    ['I would say: {"choice":"general talk"} because …', 'General Talk'],
    ['{"choice":"none","reason":"no option fits"}', 'none'],
    ['{"choice":"coder","reason":"The user asks for a funct', 'coder'],
    ['coder', 'coder'],
    ['  **coder-xl**.\n', 'coder-xl'],
    ['"Coder"', 'coder'],
    ['GENERALTALK', 'General Talk'],
    ['general   talk', 'General Talk'],
    ['I choose coder-xl for this.', 'coder-xl'],
    ['The best option is maths.', 'maths'],
    ['math', 'maths'],
    ['mathss', 'maths'],
    ['codar', 'coder'],
    ['<think>coder? maths? coder-xl?</think>maths', 'maths'],
    ['so it is coder</think>\nmaths', 'maths'],
  ])('reads %j as %s', (reply, id) => {
    expect(parseChoice(reply, ids)).toBe(id)
  })

  it.each([
    [''],
    ['no idea'],
    ['coder or maths'],
    ['encoder'],
    ['qwen/coder'],
    ['coder-x1-mini'],
    ['{"choice":"root"}'],
    ['{"choice": 7}'],
    ['{"choice":"coder"} or rather {"choice":"maths"}'],
    ['{"choice":"somebody"} though coder would do'],
    ['<think>It must be coder'],
    ['None of them is better than coder'],
  ])('does not guess from %j', (reply) => {
    expect(parseChoice(reply, ids)).toBeUndefined()
  })

  it('does not choose between two ids that differ only in case', () => {
    expect(parseChoice('FAST', ['fast', 'Fast'])).toBeUndefined()
    expect(parseChoice('Fast', ['fast', 'Fast'])).toBe('Fast')
  })

  it('does not choose between two ids at edit distance 1', () => {
    expect(parseChoice('mix-c', ['mix-a', 'mix-b'])).toBeUndefined()
  })

  it('does not correct ids that are too short to tell a slip from another word', () => {
    expect(parseChoice('b', ['a', 'maths'])).toBeUndefined()
  })

  it('finds ids with dots, slashes and colons at the end of a sentence', () => {
    expect(parseChoice('Use qwen2.5:7b.', ['qwen2.5:7b', 'phi-3'])).toBe('qwen2.5:7b')
    expect(parseChoice('It is (org/model): good at it', ['org/model', 'phi-3'])).toBe('org/model')
  })

  const anyIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 })

  it('never throws and only ever returns a known id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), anyIds, (reply, known) => {
        const id = parseChoice(reply, known)
        expect(id === undefined || known.includes(id)).toBe(true)
      }),
    )
  })

  it('never throws on the characters that JSON and regular expressions are made of', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[{}[\]"\\:,.*+?^$()|choice<think>/]*$/), anyIds, (reply, known) => {
        const id = parseChoice(reply, known)
        expect(id === undefined || known.includes(id)).toBe(true)
      }),
    )
  })

  it('reads every id back from the JSON that was asked for', () => {
    fc.assert(
      fc.property(anyIds, fc.string(), (known, reason) => {
        const [choice] = known
        fc.pre(!/<\/?think>/i.test(reason))
        expect(parseChoice(JSON.stringify({ choice, reason }), known)).toBe(choice)
      }),
    )
  })

  it('returns nothing where two different ids occur as words', () => {
    const word = fc.stringMatching(/^[a-z]{4,8}$/)
    fc.assert(
      fc.property(word, word, fc.boolean(), (a, b, swapped) => {
        fc.pre(a !== b)
        const reply = swapped ? `either ${b} or ${a} here` : `either ${a} or ${b} here`
        expect(parseChoice(reply, [a, b])).toBeUndefined()
      }),
    )
  })
})

describe('matchId', () => {
  it('takes the name as it stands before it takes it apart', () => {
    expect(matchId('"x"', ['x', '"x"'])).toBe('"x"')
  })
})

describe('withoutThinking', () => {
  it('leaves a reply without thoughts as it is', () => {
    expect(withoutThinking('maths')).toBe('maths')
  })
})
