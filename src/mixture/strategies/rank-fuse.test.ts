import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../chat/chat-request.ts'
import { ConfigError, UpstreamError } from '../../chat/errors.ts'
import { askModel, lastTextOf, notesOf } from '../../testing/ask-model.ts'
import {
  createFakeModel,
  createSayingModel,
  type FakeModel,
  type FakeStep,
  textSteps,
} from '../../testing/fake-model.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'

const letters = ['A', 'B', 'C', 'D', 'E']

/** A model that ranks the drafts of these letters in this order, then answers. */
function ranking(order: string, say = (numbers: readonly number[]) => JSON.stringify({ ranking: numbers })): FakeModel {
  return createFakeModel('judge', {
    script: (request, call) =>
      textSteps(call > 0 ? 'The answer.' : say(Array.from(order, (letter) => numberOf(letter, request)))),
  })
}

function numberOf(letter: string, request: ChatRequest): number {
  return Number(new RegExp(`Draft (\\d+)[^\\n]* begins\\]\\nDraft of ${letter}\\.`).exec(lastTextOf(request))?.[1])
}

/** The letters of the drafts that the aggregate was shown in a call. */
function shownIn(judge: FakeModel, call: number): string {
  const shown = [...lastTextOf(judge.calls[call]?.request).matchAll(/^Draft of (.)\.$/gm)]
  return shown
    .map((match) => match[1])
    .sort()
    .join('')
}

function mixtureOf(aggregate: FakeModel, changes: Partial<MixtureDefinition> = {}): ReturnType<typeof createMixture> {
  const workers = letters.map((letter, n) => ({
    model: createSayingModel(letter, `Draft of ${letter}.`),
    weight: n + 1,
  }))
  return createMixture({ id: 'mix', workers, aggregate, strategy: 'rank_fuse', ...changes })
}

describe('rank_fuse', () => {
  it.each([true, false])('writes the answer out of the three best drafts alone (streamed: %s)', async (stream) => {
    const judge = ranking('BDACE')
    const { answer, trace } = await askModel(mixtureOf(judge), { body: { stream } })
    expect(answer.text).toBe('The answer.')
    expect([shownIn(judge, 0), shownIn(judge, 1)]).toEqual(['ABCDE', 'ABD'])
    expect(trace.attributes).toMatchObject({ strategy: 'rank_fuse', model: 'judge', drafts: 5 })
    expect(trace.attributes).not.toHaveProperty('degraded')
    expect(notesOf(trace)).toContain('drafts_ranked')
  })

  it('writes it out of as many as it is told', async () => {
    const judge = ranking('EDCBA')
    await askModel(mixtureOf(judge, { topK: 1 }))
    expect(shownIn(judge, 1)).toBe('E')
  })

  it('does not rank where there are no more drafts than it wants', async () => {
    const judge = createSayingModel('judge', 'The answer.')
    const { answer } = await askModel(mixtureOf(judge, { topK: 5 }))
    expect([answer.text, judge.calls.length, shownIn(judge, 0)]).toEqual(['The answer.', 1, 'ABCDE'])
  })

  it.each<(numbers: readonly number[]) => string>([
    (numbers) => `The ranking is ${numbers.join(' > ')}.`,
    (numbers) => numbers.map((number, n) => `${n + 1}. Draft ${number}`).join('\n'),
    (numbers) => `<think>Draft 1 or draft 2?</think>\`\`\`\n{"ranking": [${numbers.join(',')}]}\n\`\`\``,
  ])('reads the ranking leniently', async (say) => {
    const judge = ranking('CAEBD', say)
    await askModel(mixtureOf(judge))
    expect(shownIn(judge, 1)).toBe('ACE')
  })

  it('fills up with the drafts of the highest weight where the ranking names too few', async () => {
    const judge = ranking('A')
    await askModel(mixtureOf(judge))
    expect(shownIn(judge, 1)).toBe('ADE')
  })

  it('takes the order of the weights where there is no ranking', async () => {
    for (const failing of [textSteps('I cannot.'), [{ fail: new UpstreamError('upstream_error', 'No.') }]]) {
      const judge = createFakeModel('judge', {
        script: (_, call): readonly FakeStep[] => (call === 0 ? failing : textSteps('The answer.')),
      })
      const { answer, trace } = await askModel(mixtureOf(judge))
      expect([answer.text, shownIn(judge, 1)]).toEqual(['The answer.', 'CDE'])
      expect(notesOf(trace)).toContain('ranking_failed')
    }
  })

  it('asks for the ranking by a strict schema, and a server that refuses it in words', async () => {
    const old = createFakeModel('old', {
      script: (request, call): readonly FakeStep[] =>
        request.body.response_format
          ? [{ fail: new UpstreamError('upstream_bad_request', 'response_format is not supported.') }]
          : textSteps(call === 1 ? `[${numberOf('A', request)}, ${numberOf('B', request)}]` : 'The answer.'),
    })
    await askModel(mixtureOf(old, { topK: 2 }))
    expect(old.calls[0]?.request.body.response_format?.json_schema).toMatchObject({
      name: 'ranking',
      strict: true,
      schema: { properties: { ranking: { type: 'array', items: { type: 'integer', enum: [1, 2, 3, 4, 5] } } } },
    })
    expect(shownIn(old, 2)).toBe('AB')
  })

  it('gives the best of the ranked drafts where the aggregate cannot write', async () => {
    const judge = createFakeModel('judge', {
      script: (request, call): readonly FakeStep[] =>
        call === 0
          ? textSteps(`{"ranking": [${numberOf('A', request)}, ${numberOf('B', request)}]}`)
          : [{ fail: new UpstreamError('upstream_error', 'No.') }],
    })
    const { answer, trace } = await askModel(mixtureOf(judge, { topK: 2 }))
    expect(answer.text).toBe('Draft of B.')
    expect(trace.attributes.degraded).toBe('5/5')
  })

  it('gives the only draft word for word and asks nobody', async () => {
    const judge = ranking('A')
    const { answer } = await askModel(mixtureOf(judge, { workers: [createSayingModel('a', 'Draft of A.')] }))
    expect([answer.text, judge.calls.length]).toEqual(['Draft of A.', 0])
  })

  it('cannot make an answer of no drafts', () => {
    expect(() => mixtureOf(ranking('A'), { topK: 0 })).toThrow(ConfigError)
  })
})
