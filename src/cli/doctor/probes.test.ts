import { describe, expect, it } from 'vitest'
import { UpstreamError } from '../../chat/errors.ts'
import { createFakeModel, type FakeStep, textSteps } from '../../testing/fake-model.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { createTrace } from '../../trace/trace.ts'
import { askProbe } from './ask-probe.ts'
import type { Finding } from './finding.ts'
import { type ProbeName, probes } from './probes.ts'

/** What a probe finds of a model that answers with these steps. */
async function found(name: ProbeName, steps: readonly FakeStep[]): Promise<Finding> {
  const clock = new FakeClock()
  const model = createFakeModel('m', { script: () => steps })
  const { signal } = new AbortController()
  const trace = createTrace('doctor', clock)
  const asked = askProbe(model, probes[name].bodyFor('m'), { trace, signal, clock, timeoutMs: 30_000 })
  await clock.advance(60_000)
  return probes[name].judge(await asked)
}

const words = 'one two three four five six seven eight nine ten'
  .split(' ')
  .map((word) => ({ delta: { content: word } }))
const stop: FakeStep = { delta: {}, finish: 'stop' }
const slowly = words.flatMap((step): FakeStep[] => [{ waitMs: 100 }, step])
const call = (name: string, args: string): FakeStep[] => [
  { delta: { tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name, arguments: '' } }] } },
  { delta: { tool_calls: [{ index: 0, function: { arguments: args } }] } },
  { delta: {}, finish: 'tool_calls' },
]

describe('the probe for an answer', () => {
  it('says when the first content came, and that the pieces came one by one', async () => {
    expect(await found('answer', [...slowly, stop])).toEqual({
      mark: 'ok',
      message: 'first content after 0.10 s, streams: 10 pieces over 0.90 s',
      code: null,
      todo: null,
    })
  })

  it('notices a stream that was held back', async () => {
    const { mark, message, todo } = await found('answer', [{ waitMs: 2000 }, ...words, stop])
    expect([mark, message]).toEqual(['no', 'answers, but 10 pieces came at once, first content after 2.00 s'])
    expect(todo).toContain('proxy')
  })

  it('takes a model for quick that has all at once', async () => {
    expect(await found('answer', [{ waitMs: 100 }, ...words, stop])).toMatchObject({ mark: 'ok' })
  })

  it('lets thinking count', async () => {
    const steps = [{ delta: { reasoning_content: 'Well, one, ...' } }, { delta: {}, finish: 'length' }]
    expect(await found('answer', steps)).toMatchObject({ mark: 'ok', message: expect.stringContaining('thinking') })
  })

  it('calls every error a failure', () => {
    const error = new UpstreamError('upstream_bad_request', 'Not this.')
    expect(probes.answer.judgeError(error, 'Do that.')).toEqual({
      mark: 'failed',
      message: 'Not this.',
      code: 'upstream_bad_request',
      todo: 'Do that.',
    })
  })
})

describe('the probe for tools', () => {
  it.each([
    ['a call that fits', call('get_weather', '{"city":"Paris"}'), 'ok', 'calls tools'],
    ['a call without what is required', call('get_weather', '{}'), 'no', 'other arguments'],
    ['arguments that are no JSON', call('get_weather', 'Paris'), 'no', 'It is not JSON.'],
    ['a call of something else', call('search', '{}'), 'no', '"search"'],
    ['words', textSteps('It is sunny.'), 'no', 'answers in words'],
    ['a call as text', textSteps('{"name":"get_weather","arguments":{}}'), 'no', 'as text'],
    ['words that were cut', [{ delta: { content: 'I' } }, { delta: {}, finish: 'length' }], 'warning', 'not clear'],
  ] as const)('makes of %s what it is', async (...[, steps, mark, message]) => {
    expect(await found('tools', steps)).toMatchObject({ mark, message: expect.stringContaining(message) })
  })

  it.each([
    ['upstream_bad_request', 'no'],
    ['upstream_model_not_found', 'no'],
    ['upstream_error', 'failed'],
    ['upstream_timeout', 'failed'],
  ] as const)('takes %s for: %s', (code, mark) => {
    expect(probes.tools.judgeError(new UpstreamError(code, 'No tools.'), null)).toMatchObject({ mark, code })
  })
})

describe('the probe for JSON', () => {
  it.each([
    ['the form', '{"legs":8,"has_wings":false}', 'ok', 'keeps to a JSON schema'],
    ['the form in a fence', '```json\n{"legs":8,"has_wings":false}\n```', 'no', 'code fence'],
    ['another form', '{"legs":"eight","has_wings":false}', 'no', '#/legs'],
    ['more than the form', '{"legs":8,"has_wings":false,"web":true}', 'no', 'web'],
    ['words', 'A spider has eight legs.', 'no', 'It is not JSON.'],
  ] as const)('makes of %s what it is', async (...[, text, mark, message]) => {
    expect(await found('json', textSteps(text))).toMatchObject({ mark, message: expect.stringContaining(message) })
  })

  it('leaves open what a model would have said that was cut while it thought', async () => {
    const steps = [{ delta: { reasoning: 'Hm.' } }, { delta: {}, finish: 'length' }]
    expect(await found('json', steps)).toMatchObject({ mark: 'warning', message: expect.stringContaining('not clear') })
  })
})
