import { expect, it } from 'vitest'
import { parseDraftNumber } from './parse-draft-number.ts'

it.each([
  ['{"draft": 2}', 2],
  ['```json\n{ "draft": "3" }\n```', 3],
  ['{"choice":1}', 1],
  ['2', 2],
  [' 2.\n', 2],
  ['Draft 3', 3],
  ['Draft 2 is better than draft 1. Best: 2', 2],
  ['Drafts 1 and 3 fail the tests, so I choose draft 2.', 2],
  ['Draft 3 is right; draft 3 it is.', 3],
])('reads a choice from %j', (reply, number) => {
  expect(parseDraftNumber(reply, 3)).toBe(number)
})

it.each(['', 'None of them.', '{"draft": 4}', '0', 'Draft 1 or draft 2', '-', '{"draft": null}'])(
  'finds no choice in %j',
  (reply) => {
    expect(parseDraftNumber(reply, 3)).toBeNull()
  },
)
