import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScorer, leaderOf, wordsIn } from './scorer.ts'

const scorer = createScorer([
  { id: 'coder', text: 'Programming: writes, explains and debugs Python, TypeScript and SQL code.' },
  { id: 'maths', text: 'Mathematics: algebra, geometry, proofs and equations.' },
  { id: 'generic', text: 'Good general purpose mixture.' },
])

describe('createScorer', () => {
  it('ranks the description first that shares the rarest words', () => {
    expect(scorer('Please debug this Python code for me')[0]?.id).toBe('coder')
    expect(scorer('Solve these two equations with algebra')[0]?.id).toBe('maths')
  })

  it('ignores case, accents and plurals', () => {
    expect(scorer('ALGÈBRA EQUATION')[0]).toMatchObject({ id: 'maths', sharedWords: 2 })
  })

  it('finds no words in what every polite question is made of', () => {
    expect(scorer('Could you please tell me a good answer?').every(({ score }) => score === 0)).toBe(true)
  })

  it('reads languages that write without spaces', () => {
    const chinese = createScorer([
      { id: 'code', text: '编写 程序 代码' },
      { id: 'poem', text: '写 诗歌' },
    ])
    expect(chinese('请编写一个程序')[0]?.id).toBe('code')
  })

  it('gives every id once and never a score below 0', () => {
    const documents = fc.uniqueArray(fc.record({ id: fc.string(), text: fc.lorem() }), { selector: ({ id }) => id })
    fc.assert(
      fc.property(documents, fc.string(), (descriptions, question) => {
        const scores = createScorer(descriptions)(question)
        expect(scores.map(({ id }) => id).sort()).toEqual(descriptions.map(({ id }) => id).sort())
        expect(scores.every(({ score }) => score >= 0)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})

describe('leaderOf', () => {
  it('is clear where two words speak for one option and none for another', () => {
    expect(leaderOf(scorer('Debug my Python code'))).toEqual({ id: 'coder', margin: 1, isClear: true })
  })

  it('is not clear on a single word', () => {
    expect(leaderOf(scorer('Which python is the longest snake?'))).toEqual({ id: 'coder', margin: 1, isClear: false })
  })

  it('is not clear where the words speak for two', () => {
    const leader = leaderOf(scorer('Python code that checks proofs in algebra'))
    expect(leader?.isClear).toBe(false)
  })

  it('is nobody where no word is shared, or where the best two tie', () => {
    expect(leaderOf(scorer('Hello!'))).toBeUndefined()
    expect(leaderOf([])).toBeUndefined()
    expect(
      leaderOf([
        { id: 'a', score: 1, sharedWords: 2 },
        { id: 'b', score: 1, sharedWords: 2 },
      ]),
    ).toBeUndefined()
  })
})

describe('wordsIn', () => {
  it('folds a plural and keeps the double s of a singular', () => {
    expect(wordsIn('The glass of proofs')).toEqual(['glass', 'proof'])
  })
})
