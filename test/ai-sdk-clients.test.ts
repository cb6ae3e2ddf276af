/** The AI SDK as a client: Responses (its default for OpenAI), chat and Messages, a tool loop through each. */
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { generateText, jsonSchema, type LanguageModel, Output, stepCountIs, streamText, tool } from 'ai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { saying } from '../src/testing/fake-upstream.ts'
import { calling, type DialectFixture, startDialectFixture, thinking } from './dialect-fixture.ts'

let fixture: DialectFixture

beforeEach(async () => {
  // It warns of every model id that it has not heard of.
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })
  fixture = await startDialectFixture()
})

afterEach(async () => {
  await fixture.close()
})

const dialects = ['responses', 'chat', 'messages'] as const
const models = ['org/single', 'mollmr/generic', 'router']
const prompt = 'Say something about wheels, please.'

const add = tool({
  description: 'Adds.',
  inputSchema: jsonSchema<{ a: number; b: number }>({ type: 'object', properties: {} }),
  execute: ({ a, b }) => String(a + b),
})

function modelOf(dialect: (typeof dialects)[number], id: string): LanguageModel {
  const baseURL = `${fixture.gateway.url}/v1`
  const openai = createOpenAI({ baseURL, apiKey: 'any' })
  if (dialect === 'responses') return openai(id)
  return dialect === 'chat' ? openai.chat(id) : createAnthropic({ baseURL, apiKey: 'any' })(id)
}

describe.each(dialects)('the AI SDK over %s', (dialect) => {
  it.each(models)('reads an answer of %s, whole and streamed', async (id) => {
    const model = modelOf(dialect, id)
    const whole = await generateText({ model, prompt, maxRetries: 0 })
    const streamed = streamText({ model, prompt, maxRetries: 0 })
    expect([whole.text, await streamed.text]).toEqual(['The answer.', 'The answer.'])
    expect([whole.finishReason, await streamed.finishReason]).toEqual(['stop', 'stop'])
    expect(whole.usage.outputTokens).toBe(4)
  })

  it.each(models)('goes through a tool loop with %s', async (id) => {
    fixture.replies = { single: calling, aggregate: calling }
    const { text, steps } = await generateText({
      model: modelOf(dialect, id),
      prompt,
      tools: { add },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    })
    expect(text).toBe('The sum is 3.')
    expect(steps[0]?.toolResults).toMatchObject([{ toolName: 'add', input: { a: 1, b: 2 }, output: '3' }])
  })

  it('goes through a tool loop that is streamed', async () => {
    fixture.replies = { single: calling }
    const model = modelOf(dialect, 'org/single')
    const streamed = streamText({ model, prompt, tools: { add }, stopWhen: stepCountIs(3), maxRetries: 0 })
    expect(await streamed.text).toBe('The sum is 3.')
  })

  it('gets an object', async () => {
    fixture.replies['single'] = saying('{"sum":3}')
    const schema = jsonSchema<{ sum: number }>({
      type: 'object',
      properties: { sum: { type: 'number' } },
      required: ['sum'],
      additionalProperties: false,
    })
    const model = modelOf(dialect, 'org/single')
    const { output } = await generateText({ model, prompt, output: Output.object({ schema }), maxRetries: 0 })
    expect(output).toEqual({ sum: 3 })
  })

  it('hears why a call fails', async () => {
    const asked = generateText({ model: modelOf(dialect, 'nope'), prompt, maxRetries: 0 })
    await expect(asked).rejects.toMatchObject({ statusCode: 404, message: expect.stringContaining('no model "nope"') })
  })

  it('hears of a stream that breaks, after the text so far', async () => {
    const streamed = streamText({
      model: modelOf(dialect, 'cut'),
      prompt,
      maxRetries: 0,
      onError: () => undefined,
    })
    const parts: string[] = []
    for await (const part of streamed.fullStream) {
      if (part.type === 'text-delta') parts.push(part.text)
      if (part.type === 'error') parts.push('error')
    }
    expect(parts.slice(0, 2)).toEqual(['Half', 'error'])
  })
})

describe('the AI SDK over responses', () => {
  it('shows reasoning', async () => {
    fixture.replies['single'] = thinking
    const { reasoningText, text } = await generateText({ model: modelOf('responses', 'org/single'), prompt })
    expect([reasoningText, text]).toEqual(['Round things.', 'Wheels.'])
  })
})
