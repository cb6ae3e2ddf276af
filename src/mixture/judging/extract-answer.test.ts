import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractAnswer } from './extract-answer.ts'

describe('the final answer of a text', () => {
  it.each([
    ['a marked number', 'She has 16 - 3 = 13 left.\n#### 18\n\n', '18'],
    ['the last mark', '#### 17\nNo, wait.\n#### 18', '18'],
    ['a boxed number', 'Thus \\boxed{1{,}080} or so: $\\boxed{42}$.', '42'],
    ['a boxed fraction', '\\boxed{\\frac{3}{4}}', '3/4'],
    ['a boxed text', 'so \\boxed{\\text{(C)}}', 'C'],
    ['a stated number', 'The answer is 3.50. It took 2 steps.', '3.5'],
    ['a stated label', 'Final answer: **Not enough information**', 'not enough information'],
    ['a stated letter', 'A looks right at first, but the correct answer is (b).', 'B'],
    ['a stated letter with its text', 'Answer: C) Paris', 'C'],
    ['a named option', 'Of the four, option B fits, since 12 > 3.', 'B'],
    ['a letter alone', '(d)', 'D'],
    ['a letter with its text', 'B. The mitochondria of the cell are the power house', 'B'],
    ['a verdict', 'No, because 7 is greater than 5.', 'no'],
    ['a label', 'Positive.', 'positive'],
    ['a number in a closing sentence', 'First 3, then 4.\nIn total she makes $18 every day.', '18'],
    ['the result of the equation', '8 * $3 = $24.\n$40 + $24 = $64.\n\nHe pays $64 for the 16 glasses.', '64'],
    ['the last number before a closing without one', 'The total is 12.\n\nI hope that helps!', '12'],
    [
      'a JSON value, whatever the order of its fields',
      '{"b": [1, 2], "a": {"d": 1, "c": null}}',
      '{"a":{"c":null,"d":1},"b":[1,2]}',
    ],
    ['a JSON value in a code fence', '```json\n{"a": 1}\n```', '{"a":1}'],
    ['the answer field of a JSON object', '{"reasoning": "6 * 7", "answer": "$42.00"}', '42'],
    ['a JSON string', '"Paris"', 'paris'],
  ])('is %s', (_, text, answer) => {
    expect(extractAnswer(text)).toBe(answer)
  })

  it.each([
    ['1080', ['$1,080.00', '1080', '1,080', '1080.', '01080', '£1080.0', '#### 1,080', 'It is 1,080 dollars']],
    ['-5', ['-5', '−5.0', '-$5', 'The answer is -5.']],
    ['0.5', ['.5', '0.50', '0.5']],
    ['0', ['0', '-0', '0.00']],
    ['12345678901234567890', ['12345678901234567890', '12,345,678,901,234,567,890']],
    ['B', ['B', '(b)', 'B.', 'b)', 'Answer: B', 'Option B', '\\boxed{B}']],
  ])('is %s in every way of writing it', (answer, texts) => {
    expect(texts.map((text) => extractAnswer(text))).toEqual(texts.map(() => answer))
  })

  it('takes no minus from a subtraction or a range', () => {
    expect(extractAnswer('That leaves 10-5')).toBe('5')
  })

  it.each(['', '   ', 'I am sorry, but I cannot help with that.', 'A text that says a lot\nand decides nothing'])(
    'is none in %j',
    (text) => {
      expect(extractAnswer(text)).toBeNull()
    },
  )

  it('is found for every number, with and without commas', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000_000, max: 10_000_000 }), (n) => {
        expect(extractAnswer(`So in the end there are ${n.toLocaleString('en')} of them.`)).toBe(String(n))
      }),
    )
  })

  it('never throws, whatever the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void extractAnswer(text)))
  })

  it.each([
    ['= '.repeat(300_000), null],
    ['answer '.repeat(100_000), null],
    ['\\boxed{'.repeat(50_000), null],
    ['1,'.repeat(300_000), '1'],
  ])('comes in linear time out of hostile texts', (text, answer) => {
    expect(extractAnswer(text)).toBe(answer)
  })
})
