/** The AI SDK through its providers: chat completions, Responses (what its OpenAI provider uses by default) and Messages. */
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  embedMany,
  type EmbeddingModel,
  generateObject,
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  Output,
  streamText,
  tool,
} from 'ai'
import { beforeAll, expect } from 'vitest'
import { cut, thinking } from '../dialect-fixture.ts'
import { type Asked, describeClient, type Feature } from './harness/describe-client.ts'
import { picture } from './harness/picture.ts'
import { noEmbeddings } from './harness/refusals.ts'
import { answerText, embedding, pictureText, sumArguments, sumObject, sumText } from './harness/scripted-upstream.ts'

beforeAll(() => {
  // It warns of every model id that it has not heard of.
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })
})

type Ask = (asked: Asked) => LanguageModel
const maxRetries = 0
/** How a mixture may be asked to tell how far it is. */
const progressWays: Readonly<Record<string, { progress?: string; include?: string[] }>> = {
  'progress as comments': { progress: 'comments' },
  'progress as reasoning': { progress: 'reasoning' },
  'progress in chunks': { include: ['progress'] },
}
const sumSchema = jsonSchema<{ sum: number }>({
  type: 'object',
  properties: { sum: { type: 'number' } },
  required: ['sum'],
  additionalProperties: false,
})

/** A tool, and what it was called with. */
function addTool() {
  const inputs: unknown[] = []
  const add = tool({
    description: 'Adds.',
    inputSchema: jsonSchema<{ a: number; b: number }>({ type: 'object', properties: {} }),
    execute: (input) => {
      inputs.push(input)
      return String(input.a + input.b)
    },
  })
  return { inputs, tools: { add } }
}

function describeTexts(feature: Feature, ask: Ask): void {
  feature('generateText', async (asked) => {
    const { text, finishReason, usage } = await generateText({ model: ask(asked), prompt: asked.prompt, maxRetries })
    expect([text, finishReason, usage.outputTokens]).toEqual([answerText, 'stop', 4])
  })

  feature('streamText', async (asked) => {
    const streamed = streamText({ model: ask(asked), prompt: asked.prompt, maxRetries })
    expect([await streamed.text, await streamed.finishReason]).toEqual([answerText, 'stop'])
  })

  feature('generateText, a tool loop', async (asked) => {
    const { inputs, tools } = addTool()
    const options = { model: ask(asked), prompt: asked.prompt, tools, stopWhen: isStepCount(3), maxRetries }
    expect((await generateText(options)).text).toBe(sumText)
    expect(inputs).toEqual([sumArguments])
  })

  feature('streamText, a tool loop', async (asked) => {
    const { inputs, tools } = addTool()
    const options = { model: ask(asked), prompt: asked.prompt, tools, stopWhen: isStepCount(3), maxRetries }
    expect(await streamText(options).text).toBe(sumText)
    expect(inputs).toEqual([sumArguments])
  })

  feature('generateObject', async (asked) => {
    const options = { model: ask(asked), prompt: asked.prompt, schema: sumSchema, maxRetries }
    expect((await generateObject(options)).object).toEqual(sumObject)
  })

  feature('generateText with an output schema', async (asked) => {
    const output = Output.object({ schema: sumSchema })
    const options = { model: ask(asked), prompt: asked.prompt, output, maxRetries }
    expect((await generateText(options)).output).toEqual(sumObject)
  })

  feature(
    'a picture',
    async (asked) => {
      const file = { type: 'file' as const, data: picture, mediaType: 'image/png' }
      const content = [file, { type: 'text' as const, text: asked.prompt }]
      const options = { model: ask(asked), messages: [{ role: 'user' as const, content }], maxRetries }
      expect((await generateText(options)).text).toBe(pictureText)
    },
    { seesPicture: true },
  )
}

function describeFailures(feature: Feature, ask: Ask): void {
  feature(
    'an unknown model',
    async (asked) => {
      const failing = generateText({ model: ask({ ...asked, model: 'nope' }), prompt: asked.prompt, maxRetries })
      const message = expect.stringContaining('no model "nope"') as string
      await expect(failing).rejects.toMatchObject({ statusCode: 404, message })
    },
    { only: 'bypass', asks: [] },
  )

  feature('a stream that breaks', async (asked) => {
    asked.upstream.writer = () => cut
    const options = { model: ask(asked), prompt: asked.prompt, maxRetries, onError: () => undefined }
    const parts: string[] = []
    for await (const part of streamText(options).fullStream) {
      if (part.type === 'text-delta') parts.push(part.text)
      if (part.type === 'error') parts.push('error')
    }
    expect(parts.slice(0, 2)).toEqual(['Half', 'error'])
  })
}

function describeReasoning(feature: Feature, ask: Ask): void {
  feature('reasoning', async (asked) => {
    asked.upstream.writer = () => thinking
    const { reasoningText, text } = await generateText({ model: ask(asked), prompt: asked.prompt, maxRetries })
    expect([reasoningText, text]).toEqual(['Round things.', 'Wheels.'])
  })
}

function describeEmbeddings(feature: Feature, ask: (asked: Asked) => EmbeddingModel): void {
  feature(
    'embedMany',
    async (asked) => {
      const model = ask(asked.target === 'bypass' ? { ...asked, model: 'embedder' } : asked)
      expect((await embedMany({ model, values: ['Hi', 'Ho'], maxRetries })).embeddings).toEqual([embedding, embedding])
    },
    noEmbeddings,
  )
}

const compatible = ({ baseUrl }: Asked) =>
  createOpenAICompatible({ name: 'mollmr', baseURL: baseUrl, apiKey: 'any', supportsStructuredOutputs: true })
const openai = ({ baseUrl }: Asked) => createOpenAI({ baseURL: baseUrl, apiKey: 'any' })

describeClient('ai with @ai-sdk/openai-compatible', (feature) => {
  const ask: Ask = (asked) => compatible(asked)(asked.model)
  describeTexts(feature, ask)
  describeReasoning(feature, ask)
  describeEmbeddings(feature, (asked) => compatible(asked).embeddingModel(asked.model))
  describeFailures(feature, ask)

  for (const [name, mollmr] of Object.entries(progressWays)) {
    feature(
      name,
      async ({ baseUrl, model, prompt }) => {
        const transformRequestBody = (sent: object): object => ({ ...sent, mollmr })
        const provider = createOpenAICompatible({ name: 'mollmr', baseURL: baseUrl, transformRequestBody })
        const parts: string[] = []
        const streamed = streamText({ model: provider(model), prompt, maxRetries })
        for await (const { type } of streamed.fullStream) parts.push(type)
        expect(parts).not.toContain('error')
        expect(await streamed.text).toBe(answerText)
        const lines = (await streamed.reasoningText)?.split('\n') ?? []
        const told = ['worker-a has answered.', 'aggregate writes the answer.']
        expect(lines.filter((line) => told.includes(line))).toEqual(mollmr.progress === 'reasoning' ? told : [])
      },
      { only: 'mixture' },
    )
  }
})

describeClient('ai with @ai-sdk/openai', (feature) => {
  const ask: Ask = (asked) => openai(asked)(asked.model)
  describeTexts(feature, ask)
  describeReasoning(feature, ask)
  describeEmbeddings(feature, (asked) => openai(asked).embeddingModel(asked.model))
  describeFailures(feature, ask)
})

describeClient('ai with @ai-sdk/openai, its chat models', (feature) => {
  const ask: Ask = (asked) => openai(asked).chat(asked.model)
  describeTexts(feature, ask)
  describeFailures(feature, ask)
})

describeClient('ai with @ai-sdk/anthropic', (feature) => {
  const ask: Ask = ({ baseUrl, model }) => createAnthropic({ baseURL: baseUrl, apiKey: 'any' })(model)
  describeTexts(feature, ask)
  describeFailures(feature, ask)
})
