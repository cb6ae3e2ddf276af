import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate } from './arithmetic.ts'
import { solve } from './closed-question.ts'

describe('a closed question', () => {
  it.each([
    ['What is 6 times 7?', 42],
    ['12 + 30', 42],
    ['What is the sum of three and four?', 7],
    ['Please multiply 12 by 12.', 144],
    ['Subtract 5 from 12', 7],
    ['How much is 15% of 200?', 30],
    ['What is half of ninety-six?', 48],
    ['What is 1,000 minus 1?', 999],
    ['Compute (2 + 3) * 4 - 1.', 19],
    ['9 squared', 81],
    ['What is 3 x 4?', 12],
  ])('is worked out: %s', (question, solution) => {
    expect(solve(question)).toBe(solution)
  })

  it.each([
    'Hello there',
    'Tell me about the war of 1812.',
    'On 2026-01-02 we met.',
    'What is 1 / 0?',
    'Call 555 1234 for more',
    '',
  ])('is open: %s', (question) => {
    expect(solve(question)).toBeNull()
  })
})

describe('an expression', () => {
  it('comes to its value, however deep its brackets go', () => {
    interface Term {
      readonly text: string
      readonly value: number
    }
    const number = fc.nat(999).map((value) => ({ text: String(value), value }))
    const apply = {
      '+': (a: number, b: number) => a + b,
      '-': (a: number, b: number) => a - b,
      '*': (a: number, b: number) => a * b,
    }
    const { term } = fc.letrec<{ term: Term }>((tie) => ({
      term: fc.oneof(
        { depthSize: 'small' },
        number,
        fc
          .tuple(tie('term'), fc.constantFrom('+' as const, '-' as const, '*' as const), tie('term'))
          .map(([a, sign, b]) => ({ text: `(${a.text} ${sign} ${b.text})`, value: apply[sign](a.value, b.value) })),
      ),
    }))
    fc.assert(
      fc.property(term, ({ text, value }) => {
        expect(evaluate(text)).toBe(value)
      }),
    )
  })

  it.each([
    ['2 + 3 * 4', 14],
    ['2 * 3 + 4', 10],
    ['10 - 4 - 3', 3],
    ['24 / 4 / 2', 3],
    ['-3 * -(2 + 1)', 9],
    ['1.5 * 2', 3],
  ])('keeps the order of operations: %s', (text, value) => {
    expect(evaluate(text)).toBe(value)
  })

  it.each(['', '2 +', '(2', '2)', 'x + 1', '1 / 0', '2 3'])('is none: %j', (text) => {
    expect(evaluate(text)).toBeNull()
  })
})
