import { describe, expect, it } from 'vitest'
import { parseComparison } from './parse-comparison.ts'

describe('the comparison in a reply', () => {
  it('has a heading for each list that says something, in a fixed order', () => {
    const reply = { blind_spots: ['Nobody asks when.'], consensus: ['It is 42.', 'It is whole.'], gaps: [] }
    expect(parseComparison(JSON.stringify(reply))).toBe(
      'Consensus:\n- It is 42.\n- It is whole.\n\nBlind spots:\n- Nobody asks when.',
    )
  })

  it.each([
    'Of course:\n```json\n{"gaps": ["Why."]}\n```\nI hope this helps.',
    '{"gaps": "Why."}',
    '{"gaps": [" Why.\\n"], "consensus": null, "other": ["x"]}',
  ])('is found in prose and read leniently: %j', (reply) => {
    expect(parseComparison(reply)).toBe('Gaps:\n- Why.')
  })

  it('shows what is no sentence as it is', () => {
    expect(parseComparison('{"unique_points": [{"draft": 2, "point": "Sums."}, 7]}')).toBe(
      'Unique points:\n- {"draft":2,"point":"Sums."}\n- 7',
    )
  })

  it.each([
    '',
    'They agree.',
    '{"consensus": ["cut',
    '{}',
    '{"consensus": ["", " "]}',
    '[1]',
    'null',
    '{"consensus": {}',
  ])('is nowhere in %j', (reply) => {
    expect(parseComparison(reply)).toBeNull()
  })
})
