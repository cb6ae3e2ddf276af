import { describe, expect, it } from 'vitest'
import { askModel, lastTextOf } from '../../testing/ask-model.ts'
import {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeModel,
  textSteps,
} from '../../testing/fake-model.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { estimateTokens } from '../../chat/estimate-tokens.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'

const down = createFailingModel('down', new UpstreamError('upstream_error', 'No.'))
const refusing = createFakeModel('shy', {
  script: () => [{ delta: { refusal: 'I will not.' } }, { delta: {}, finish: 'stop' }],
})

function setUp(
  workers: MixtureDefinition['workers'],
  changes: Partial<MixtureDefinition> = {},
): { readonly judge: FakeModel; readonly mixture: ReturnType<typeof createMixture> } {
  const judge = createSayingModel('judge', 'The answer.')
  return { judge, mixture: createMixture({ id: 'mix', workers, aggregate: judge, ...changes }) }
}

describe('synthesize', () => {
  it('is the default and has the aggregate write the answer in one call', async () => {
    const { judge, mixture } = setUp([createSayingModel('a', 'A.'), createSayingModel('b', 'B.')])
    const { answer, trace } = await askModel(mixture)
    expect(answer.text).toBe('The answer.')
    expect(judge.calls).toHaveLength(1)
    expect(trace.attributes).toMatchObject({ strategy: 'synthesize', model: 'judge', drafts: 2, quorum: 2 })
  })

  it.each([true, false])(
    'gives the only usable draft word for word without an aggregate (streamed: %s)',
    async (stream) => {
      const text = `Six sevens.\n\n${'It is 42. '.repeat(60)}`.trim()
      const { judge, mixture } = setUp([createSayingModel('a', text), down])
      const { answer, trace, events } = await askModel(mixture, { body: { stream } })
      expect(answer.text).toBe(text)
      expect(answer.finishReason).toBe('stop')
      expect(judge.calls).toHaveLength(0)
      expect(trace.attributes).toMatchObject({ model: 'a', degraded: '1/2' })
      expect(events.map(({ type }) => type)).toEqual(
        stream ? ['chunk', 'chunk', 'chunk', 'chunk', 'chunk', 'end'] : ['completion', 'end'],
      )
      if (stream)
        expect(events[0]).toMatchObject({ chunk: { choices: [{ delta: { role: 'assistant', content: '' } }] } })
      expect(answer.completion).toMatchObject({
        object: 'chat.completion',
        model: 'mix',
        usage: { completion_tokens: estimateTokens(text) },
      })
      expect(answer.completion.id).toMatch(/^chatcmpl-[0-9a-f]{24}$/)
    },
  )

  it('asks the aggregate all the same where it must', async () => {
    const { judge, mixture } = setUp([createSayingModel('a', 'A.'), down], { alwaysAggregate: true })
    expect((await askModel(mixture)).answer.text).toBe('The answer.')
    expect(lastTextOf(judge.calls[0]?.request)).toContain('One draft of a reply')
  })

  it('asks the aggregate where the only draft has not the form that the client wants', async () => {
    for (const body of [{ n: 2 }, { logprobs: true }]) {
      const { mixture } = setUp([createSayingModel('a', 'A.'), down])
      expect((await askModel(mixture, { body })).answer.text).toBe('The answer.')
    }
    const body = { response_format: { type: 'json_object' } }
    const { judge, mixture: strict } = setUp([createSayingModel('a', 'A.'), down])
    await expect(askModel(strict, { body })).rejects.toMatchObject({ code: 'upstream_invalid_format' })
    expect(judge.calls).toHaveLength(2)
    const { mixture } = setUp([createSayingModel('a', '{"a": 1}'), down])
    expect((await askModel(mixture, { body })).answer.text).toBe('{"a": 1}')
  })

  it('hands a refusal up where every worker refuses', async () => {
    for (const body of [{}, { response_format: { type: 'json_object' } }]) {
      const { judge, mixture } = setUp([refusing, refusing])
      const { answer } = await askModel(mixture, { body })
      expect([answer.text, answer.finishReason]).toEqual(['I will not.', 'content_filter'])
      expect(judge.calls).toHaveLength(0)
    }
  })

  it('says that a draft which ended at its limit did so', async () => {
    const cut = createFakeModel('cut', {
      script: () => [...textSteps('Six').slice(0, -1), { delta: {}, finish: 'length' }],
    })
    const { answer } = await askModel(setUp([cut]).mixture)
    expect([answer.text, answer.finishReason]).toEqual(['Six', 'length'])
  })

  it('takes the usage of the answer from the worker that wrote it', async () => {
    const worker = createSayingModel('a', 'A.', { prompt_tokens: 40, completion_tokens: 9, total_tokens: 49 })
    expect((await askModel(setUp([worker]).mixture)).answer.end.usage).toMatchObject({
      prompt_tokens: 40,
      completion_tokens: 9,
    })
  })
})
