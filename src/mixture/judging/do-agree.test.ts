import { describe, expect, it } from 'vitest'
import { holdText } from '../../chat/held-text.ts'
import type { Draft, DraftFlag } from '../drafts/draft.ts'
import { doAgree } from './do-agree.ts'

function drafts(...texts: readonly (string | readonly [text: string, flag: DraftFlag])[]): readonly Draft[] {
  return texts.map((written) => {
    const [text, flag] = typeof written === 'string' ? [written, null] : written
    return { text: holdText(text), flag } as Draft
  })
}

const essay =
  'Leaves fall because the tree seals them off: in autumn it draws its sap back, a layer of cork grows, and wind does the rest.'

describe('drafts agree', () => {
  it.each([
    ['It is 42.', 'Six times seven.\n\nSo the answer is **42**.'],
    ['#### 18', 'She makes 9 * $2 = $18 every day at the market.'],
    ['(B)', 'I think B fits, as A is too long. The answer is B.'],
    ['{"a": 1, "b": 2}', '{\n  "b": 2,\n  "a": 1\n}'],
    ['Paris', 'Paris.'],
  ])('that settle on the same answer: %j, %j', (...texts) => {
    expect(doAgree(drafts(...texts))).toBe(true)
  })

  it('that say the same in hardly other words', () => {
    expect(doAgree(drafts(essay, essay.replace('Leaves fall', 'The leaves fall'), essay))).toBe(true)
  })
})

describe('drafts do not agree', () => {
  it.each([
    ['that settle on different answers', 'It is 42.', 'It is 41.'],
    ['that differ in nothing but the answer', `${essay} That makes 42 leaves.`, `${essay} That makes 43 leaves.`],
    ['where only one settles on an answer', 'It is 42.', essay],
    [
      'that say it in other words',
      essay,
      'Because days grow short and cold, a plant drops what it cannot feed any more.',
    ],
    [
      'that merely hold the same numbers',
      'Some ways:\n\n1. Wash them.\n2. Dry them with a cloth.',
      'You can:\n\n1. Use soap and a soft brush.\n2. Ask a doctor about it.',
    ],
    [
      'that name the same year in passing',
      'Founded in 1999, it made shoes first. Hats came later.',
      'In 1999 nobody knew the firm. That soon changed.',
    ],
  ])('%s', (_, ...texts) => {
    expect(doAgree(drafts(...texts))).toBe(false)
  })

  it.each<DraftFlag>(['refusal', 'truncated', 'cut_off'])('where one is flagged: %s', (flag) => {
    expect(doAgree(drafts('It is 42.', ['It is 42.', flag]))).toBe(false)
  })

  it('where there is only one', () => {
    expect(doAgree(drafts('It is 42.'))).toBe(false)
    expect(doAgree([])).toBe(false)
  })
})
