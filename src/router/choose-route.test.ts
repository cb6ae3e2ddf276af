import { describe, expect, it } from 'vitest'
import type { ChatBody } from '../chat/chat-request.ts'
import { UpstreamError } from '../chat/errors.ts'
import { createFakeModel, type FakeStep, textSteps } from '../testing/fake-model.ts'
import { createCallContext } from '../trace/call-context.ts'
import { parseTemplate } from '../prompt/template.ts'
import { type Ballot, type Choice, noneOption, RouteChooser } from './choose-route.ts'
import { chooseSlots, defaultRouterPrompts } from './router-prompts.ts'

const template = parseTemplate({ ...defaultRouterPrompts().choose, slots: chooseSlots })
const ballot: Ballot = {
  options: [
    { id: 'coder', description: 'Writes\nprograms.' },
    { id: 'maths', description: 'Proves theorems.' },
    noneOption,
  ],
  turns: [{ role: 'user', text: 'What now?' }],
  fence: 'f00d',
}
const refusal = new UpstreamError('upstream_bad_request', 'response_format is not supported', { status: 400 })

/** How a request asks: the form that it is in. */
function formOf(body: ChatBody): string {
  if (body.response_format) return 'schema'
  if (body.logprobs === true) return 'letters'
  return body.max_tokens === undefined ? 'bare' : 'text'
}

/** A base model that answers by form, and remembers in which forms it was asked. */
function baseModel(answers: Readonly<Record<string, readonly FakeStep[] | ((body: ChatBody) => readonly FakeStep[])>>) {
  const forms: string[] = []
  const model = createFakeModel('phi', {
    script: ({ body }) => {
      const form = formOf(body)
      forms.push(form)
      const answer = answers[form] ?? [{ fail: refusal }]
      return typeof answer === 'function' ? answer(body) : answer
    },
  })
  const chooser = new RouteChooser(model, template)
  const choose = (open: Ballot = ballot): Promise<Choice | undefined> => chooser.choose(open, createCallContext())
  return { model, forms, choose }
}

/** One token with its alternatives, as an upstream sends it with `logprobs`. */
function letterSteps(probabilities: Readonly<Record<string, number>>): FakeStep[] {
  const top = Object.entries(probabilities).map(([token, p]) => ({ token, logprob: Math.log(p) }))
  const [first] = top
  const logprobs = { content: [{ token: first?.token ?? '', logprob: first?.logprob ?? 0, top_logprobs: top }] }
  return [{ delta: { role: 'assistant', content: first?.token ?? '' }, finish: 'length', logprobs }]
}

const bodyOf = (model: { calls: readonly { request: { body: ChatBody } }[] }, call = 0): ChatBody | undefined =>
  model.calls[call]?.request.body
const promptOf = (body: ChatBody | undefined): string => {
  const content = body?.messages[0]?.content
  return typeof content === 'string' ? content : ''
}

describe('the schema form', () => {
  it('asks for one of the ids, strictly, at temperature 0 and in 64 tokens', async () => {
    const { model, choose } = baseModel({ schema: textSteps('{"choice":"maths","reason":"a proof"}') })
    expect(await choose()).toEqual({ id: 'maths' })
    const body = bodyOf(model)
    expect(body).toMatchObject({ model: 'phi', stream: false, temperature: 0, max_tokens: 64 })
    expect(body?.response_format).toEqual({
      type: 'json_schema',
      json_schema: {
        name: 'route',
        strict: true,
        schema: {
          type: 'object',
          properties: { choice: { type: 'string', enum: ['coder', 'maths', 'none'] }, reason: { type: 'string' } },
          required: ['choice', 'reason'],
          additionalProperties: false,
        },
      },
    })
  })

  it('knows "none" as a real answer', async () => {
    expect(await baseModel({ schema: textSteps('{"choice":"none","reason":"chat"}') }).choose()).toEqual({ id: 'none' })
  })

  it('puts what is always the same first and the conversation last, as data', async () => {
    const { model, choose } = baseModel({ schema: textSteps('{"choice":"maths"}') })
    await choose()
    await choose({ ...ballot, turns: [{ role: 'user', text: 'Another' }], fence: 'beef' })
    const [first, second] = [promptOf(bodyOf(model, 0)), promptOf(bodyOf(model, 1))]
    const common = first.slice(0, first.indexOf('f00d'))
    expect(second.startsWith(common)).toBe(true)
    expect(common).toContain('- coder: Writes programs.\n- maths: Proves theorems.\n- none: No other option fits.')
    expect(first.indexOf('It is data')).toBeLessThan(first.indexOf('f00d\nuser: What now?\nf00d'))
  })
})

describe('the letters', () => {
  it('ask for one token with its likelihood', async () => {
    const { model, choose } = baseModel({ letters: letterSteps({ B: 0.9, A: 0.05, C: 0.05 }) })
    expect(await choose()).toEqual({ id: 'maths', confidence: expect.closeTo(0.9) as number })
    expect(bodyOf(model, 1)).toMatchObject({ max_tokens: 1, logprobs: true, temperature: 0 })
    expect(promptOf(bodyOf(model, 1))).toContain('- A. coder: Writes programs.')
  })

  it('count only letters that stand for an option, whatever surrounds them', async () => {
    const { choose } = baseModel({ letters: letterSteps({ '<think>': 0.5, ' b': 0.3, Z: 0.1, '(A': 0.1 }) })
    expect(await choose()).toEqual({ id: 'maths', confidence: expect.closeTo(0.75) as number })
  })

  it('ask again, rotated, where the two best are close, and take the mean', async () => {
    const letters = (body: ChatBody): FakeStep[] =>
      promptOf(body).includes('A. coder') ? letterSteps({ A: 0.52, B: 0.48 }) : letterSteps({ A: 0.1, B: 0.2, C: 0.7 })
    const { model, choose } = baseModel({ letters })
    expect(await choose()).toEqual({ id: 'maths', confidence: expect.closeTo(0.59) as number })
    expect(promptOf(bodyOf(model, 2))).toContain(
      '- A. none: No other option fits.\n- B. coder: Writes programs.\n- C. maths',
    )
  })

  it('are taken without a confidence where the upstream gives no likelihood', async () => {
    expect(await baseModel({ letters: textSteps('B') }).choose()).toEqual({ id: 'maths' })
  })

  it('are skipped where the options outnumber them', async () => {
    const options = Array.from({ length: 21 }, (_, index) => ({ id: `mix-number-${index}`, description: 'x' }))
    const { forms, choose } = baseModel({ letters: textSteps('B'), text: textSteps('mix-number-20') })
    expect(await choose({ ...ballot, options })).toEqual({ id: 'mix-number-20' })
    expect(forms).toEqual(['schema', 'text'])
  })
})

describe('free text', () => {
  it('is read leniently', async () => {
    const { forms, choose } = baseModel({ text: textSteps('I would take **Maths**.') })
    expect(await choose()).toEqual({ id: 'maths' })
    expect(forms).toEqual(['schema', 'letters', 'text'])
  })

  it('is asked without limits where a reasoning model refuses them', async () => {
    const { forms, choose } = baseModel({ bare: textSteps('maths') })
    expect(await choose()).toEqual({ id: 'maths' })
    expect(forms).toEqual(['schema', 'letters', 'text', 'bare'])
  })
})

describe('what the chooser remembers', () => {
  it('asks in the form that worked, and in no other', async () => {
    const { forms, choose } = baseModel({ text: textSteps('maths') })
    await choose()
    await choose()
    expect(forms).toEqual(['schema', 'letters', 'text', 'text'])
  })

  it('tries a simpler form where an upstream silently ignores the schema', async () => {
    const { forms, choose } = baseModel({ schema: textSteps('Hello there!'), letters: letterSteps({ A: 1 }) })
    expect(await choose()).toMatchObject({ id: 'coder' })
    expect(forms).toEqual(['schema', 'letters'])
  })

  it('takes a reply that cannot be read for a slip once the form has worked', async () => {
    let call = 0
    const schema = (): FakeStep[] => textSteps(call++ === 1 ? 'coder or maths' : '{"choice":"coder"}')
    const { forms, choose } = baseModel({ schema, letters: textSteps('B') })
    expect([await choose(), await choose(), await choose()]).toEqual([{ id: 'coder' }, undefined, { id: 'coder' }])
    expect(forms).toEqual(['schema', 'schema', 'schema'])
  })

  it('steps down where the form that worked is refused all of a sudden', async () => {
    let call = 0
    const schema = (): FakeStep[] => (call++ === 0 ? textSteps('{"choice":"coder"}') : [{ fail: refusal }])
    const { forms, choose } = baseModel({ schema, text: textSteps('maths') })
    expect([await choose(), await choose(), await choose()].map((choice) => choice?.id)).toEqual([
      'coder',
      'maths',
      'maths',
    ])
    expect(forms).toEqual(['schema', 'schema', 'letters', 'text', 'text'])
  })

  it('has learned nothing where every form failed', async () => {
    const { forms, choose } = baseModel({ schema: textSteps('?'), letters: textSteps('?'), text: textSteps('?') })
    expect(await choose()).toBeUndefined()
    await choose()
    expect(forms).toEqual(['schema', 'letters', 'text', 'schema', 'letters', 'text'])
  })
})

describe('failures', () => {
  it('hands up what is not about the form', async () => {
    const { forms, choose } = baseModel({ schema: [{ fail: new UpstreamError('upstream_error', 'HTTP 500') }] })
    await expect(choose()).rejects.toThrow('HTTP 500')
    expect(forms).toEqual(['schema'])
  })

  it('hands up the refusal of the last form', async () => {
    await expect(baseModel({}).choose()).rejects.toThrow('response_format is not supported')
  })

  it('is not fooled by likelihoods that are none', async () => {
    const logprobs = { content: [{ top_logprobs: [{ token: 'A' }, null, { token: 3, logprob: 1 }] }] }
    const steps: FakeStep[] = [{ delta: { content: 'A' }, finish: 'stop', logprobs }]
    expect(await baseModel({ letters: steps }).choose()).toEqual({ id: 'coder' })
  })
})
