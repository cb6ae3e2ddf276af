import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../chat/chat-request.ts'
import { askModel, lastTextOf } from '../../testing/ask-model.ts'
import { createFakeModel, createSayingModel, type FakeModel, textSteps } from '../../testing/fake-model.ts'
import { replayGsm8k } from '../../testing/recorded-answers.ts'
import { extractAnswer } from '../judging/extract-answer.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'

function voters(...texts: readonly (string | readonly [text: string, weight: number])[]): MixtureDefinition['workers'] {
  return texts.map((voter, n) => {
    const [text, weight] = typeof voter === 'string' ? [voter, 1] : voter
    return { model: createSayingModel(`w${n}`, text), weight }
  })
}

/** A model that names the draft which holds `text`. */
function choosing(text: string): FakeModel {
  return createFakeModel('judge', { script: (request) => textSteps(`{"draft": ${numberOf(text, request)}}`) })
}

function numberOf(text: string, request: ChatRequest): number {
  const prompt = lastTextOf(request)
  const before = prompt.slice(0, prompt.indexOf(text))
  return Number([...before.matchAll(/ Draft (\d+)[^\n]* begins\]/g)].at(-1)?.[1])
}

async function elect(
  workers: MixtureDefinition['workers'],
  judge: FakeModel = choosing('nobody'),
): Promise<readonly [string, number]> {
  const { answer } = await askModel(createMixture({ id: 'mix', workers, aggregate: judge, strategy: 'vote' }))
  return [answer.text, judge.calls.length]
}

describe('vote', () => {
  it('gives a draft of the majority, whole, and asks no aggregate', async () => {
    const workers = voters('It is 41.', 'Six sevens make 42.', 'The answer is $42.00.')
    expect(await elect(workers)).toEqual(['Six sevens make 42.', 0])
  })

  it('lets the most votes win where nobody has half of them', async () => {
    expect(await elect(voters('1', '2', '3', 'It is 2.'))).toEqual(['2', 0])
  })

  it('counts weights only to break a tie', async () => {
    expect(await elect(voters(['It is 41.', 9], 'It is 42.', 'So 42.'))).toEqual(['It is 42.', 0])
    expect(await elect(voters(['It is 41.', 2], 'It is 42.'))).toEqual(['It is 41.', 0])
  })

  it('takes the draft of the winning answer that has the most weight', async () => {
    expect(await elect(voters('It is 42.', ['So 42.', 2], 'It is 41.'))).toEqual(['So 42.', 0])
  })

  it('asks the aggregate once to name one of the tied, and shows it one draft of each', async () => {
    const judge = choosing('It is 42.')
    expect(await elect(voters('It is 41.', 'It is 42.', 'So 42.', 'So 41.', 'It is 43.'), judge)).toEqual([
      'It is 42.',
      1,
    ])
    const prompt = lastTextOf(judge.calls[0]?.request)
    expect(prompt).toContain('2 drafts of a reply')
    expect(prompt).not.toMatch(/So 4|is 43/)
  })

  it('takes the best of the tied by weight where the aggregate names none', async () => {
    expect(await elect(voters('It is 41.', 'It is 42.'), createSayingModel('judge', 'Neither.'))).toEqual([
      'It is 41.',
      1,
    ])
  })

  it('counts every draft where it says that the aggregate could not name one, not just the tied', async () => {
    const mute = createSayingModel('judge', 'Neither.')
    const workers = voters('It is 41.', 'It is 42.', 'I could say many things about this\nand will not decide')
    const { trace } = await askModel(createMixture({ id: 'mix', workers, aggregate: mute, strategy: 'vote' }))
    expect(trace.attributes.degraded).toBe('3/3')
  })

  it('gives no vote to a draft without a final answer', async () => {
    const essay = 'I could say many things about this\nand will not decide'
    expect(await elect(voters(essay, essay, 'It is 42.'))).toEqual(['It is 42.', 0])
  })

  it('lets the aggregate name the best where no draft comes to a final answer', async () => {
    const essays = ['I could say many things about this\nand will not', 'Much can be said about this\nand shall be']
    expect(await elect(voters(...essays), choosing('Much can be said'))).toEqual([essays[1], 1])
  })

  it('counts letters and JSON like numbers', async () => {
    expect(await elect(voters('(a)', 'Option B fits best here, I think, since it is warm.', 'B.'))).toEqual([
      'Option B fits best here, I think, since it is warm.',
      0,
    ])
    expect(await elect(voters('{"x": 1, "y": 2}', '{"x": 1, "y": 3}', '{"y": 3, "x": 1}'))).toEqual([
      '{"x": 1, "y": 3}',
      0,
    ])
  })
})

const { rows, replaying } = replayGsm8k()

describe.skipIf(rows.length === 0)(
  'vote on recorded answers to GSM8K (skipped where gsm8k-two-models.jsonl is absent)',
  () => {
    /** The stronger model as the aggregate: it finds its own answer the best. */
    const judge = createFakeModel('gpt-4', {
      script: (request) => {
        const asked = lastTextOf(request)
        const row = rows.find(({ question }) => asked.startsWith(question))
        return textSteps(`{"draft": ${numberOf(row?.['gpt-4'].trim() ?? '', request)}}`)
      },
    })

    it('is as right as the stronger model, with one call for each disagreement and none where they agree', async () => {
      const mixture = createMixture({
        id: 'maths',
        workers: [replaying('mixtral-8x7b'), replaying('gpt-4')],
        aggregate: judge,
        strategy: 'vote',
      })
      const right = { mixtral: 0, gpt4: 0, agreed: 0, agreedRight: 0, vote: 0 }
      for (const row of rows) {
        const [mixtral, gpt4, gold] = [row['mixtral-8x7b'], row['gpt-4'], row.gold].map(extractAnswer)
        const callsBefore = judge.calls.length
        const { answer } = await askModel(mixture, { body: { messages: [{ role: 'user', content: row.question }] } })
        expect(judge.calls.length - callsBefore).toBe(mixtral === gpt4 ? 0 : 1)
        right.mixtral += Number(mixtral === gold)
        right.gpt4 += Number(gpt4 === gold)
        right.agreed += Number(mixtral === gpt4)
        right.agreedRight += Number(mixtral === gpt4 && gpt4 === gold)
        right.vote += Number(extractAnswer(answer.text) === gold)
      }
      expect(rows).toHaveLength(952)
      expect(right).toEqual({ mixtral: 610, gpt4: 901, agreed: 613, agreedRight: 599, vote: 901 })
      expect(judge.calls).toHaveLength(339)
      expect(right.vote).toBeGreaterThanOrEqual(right.gpt4)
    })
  },
)
