import { describe, expect, it } from 'vitest'
import { parseRanking } from './parse-ranking.ts'

describe('the ranking in a reply', () => {
  it.each<readonly [string, readonly number[]]>([
    ['{"ranking": [3, 1, 2]}', [3, 1, 2]],
    ['{"ranking": ["2", "Draft 3"]}', [2, 3]],
    ['```json\n{ "ranking": [\n2,\n1 ] }\n```', [2, 1]],
    ['[2]', [2]],
    ['2 > 3 > 1', [2, 3, 1]],
    ['Best to worst: 2, 3, 1.', [2, 3, 1]],
    ['3 -> 1', [3, 1]],
    ['1. Draft 3\n2. Draft 1\n3. Draft 2', [3, 1, 2]],
    ['Draft 2 is best, draft 1 comes next, and draft 2 is short.', [2, 1]],
    ['The best is 2.', [2]],
    ['{"ranking": [7, 0, 2, 2, 3]}', [2, 3]],
    ['{"ranking": []}', []],
    ['I cannot say.', []],
    ['', []],
  ])('%j names %j', (reply, ranking) => {
    expect(parseRanking(reply, 3)).toEqual(ranking)
  })
})
