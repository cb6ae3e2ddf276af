/** The official client of OpenAI. */
import OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Asked, describeClient } from './harness/describe-client.ts'
import { noEmbeddings } from './harness/refusals.ts'
import { answerText, embedding, sumArguments, sumObject, sumText } from './harness/scripted-upstream.ts'

const clientOf = ({ baseUrl }: Asked): OpenAI => new OpenAI({ baseURL: baseUrl, apiKey: 'any', maxRetries: 0 })
const say = (content: string): [{ role: 'user'; content: string }] => [{ role: 'user', content }]
const Sum = z.object({ sum: z.number() })
const parameters = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
  additionalProperties: false,
}

/** A tool in the form that `runTools` takes, and what it was called with. */
function addTool() {
  const inputs: unknown[] = []
  const add = (input: { a: number; b: number }): string => {
    inputs.push(input)
    return String(input.a + input.b)
  }
  const parse = (text: string): { a: number; b: number } => JSON.parse(text) as { a: number; b: number }
  const described = { name: 'add', description: 'Adds.', parameters, function: add, parse }
  return { inputs, tools: [{ type: 'function' as const, function: described }] }
}

describeClient('openai', (feature) => {
  feature('chat.completions.create', async (asked) => {
    const { model, prompt } = asked
    const completion = await clientOf(asked).chat.completions.create({ model, messages: say(prompt) })
    expect(completion).toMatchObject({ object: 'chat.completion', model })
    expect(completion.choices).toMatchObject([{ finish_reason: 'stop', message: { content: answerText } }])
    expect(completion.usage?.completion_tokens).toBe(4)
  })

  feature('chat.completions.create, streamed', async (asked) => {
    const { model, prompt } = asked
    const stream = await clientOf(asked).chat.completions.create({ model, messages: say(prompt), stream: true })
    let text = ''
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    expect(text).toBe(answerText)
  })

  feature('chat.completions.stream', async (asked) => {
    const { model, prompt } = asked
    const body = { model, messages: say(prompt), stream_options: { include_usage: true } }
    const final = await clientOf(asked).chat.completions.stream(body).finalChatCompletion()
    expect(final.choices).toMatchObject([{ finish_reason: 'stop', message: { content: answerText } }])
    expect(final.usage?.completion_tokens).toBe(4)
  })

  feature('chat.completions.runTools', async (asked) => {
    const { model, prompt } = asked
    const { inputs, tools } = addTool()
    const runner = clientOf(asked).chat.completions.runTools({ model, messages: say(prompt), tools })
    expect(await runner.finalContent()).toBe(sumText)
    expect(inputs).toEqual([sumArguments])
  })

  feature('chat.completions.runTools, streamed', async (asked) => {
    const { model, prompt } = asked
    const { inputs, tools } = addTool()
    const runner = clientOf(asked).chat.completions.runTools({ model, messages: say(prompt), tools, stream: true })
    expect(await runner.finalContent()).toBe(sumText)
    expect(inputs).toEqual([sumArguments])
  })

  feature('chat.completions.parse', async (asked) => {
    const { model, prompt } = asked
    const body = { model, messages: say(prompt), response_format: zodResponseFormat(Sum, 'sum') }
    const completion = await clientOf(asked).chat.completions.parse(body)
    expect(completion.choices[0]?.message.parsed).toEqual(sumObject)
  })

  feature('responses.create', async (asked) => {
    const { model, prompt } = asked
    const response = await clientOf(asked).responses.create({ model, input: prompt })
    expect(response).toMatchObject({ object: 'response', model, status: 'completed', output_text: answerText })
  })

  feature('responses.stream', async (asked) => {
    const { model, prompt } = asked
    const stream = clientOf(asked).responses.stream({ model, input: prompt })
    let text = ''
    stream.on('response.output_text.delta', ({ delta }) => (text += delta))
    expect((await stream.finalResponse()).output_text).toBe(answerText)
    expect(text).toBe(answerText)
  })

  feature('responses.create, a tool loop', async (asked) => {
    const { model, prompt } = asked
    const tools = [{ type: 'function' as const, name: 'add', strict: true, parameters }]
    const input: OpenAI.Responses.ResponseInput = say(prompt)
    const first = await clientOf(asked).responses.create({ model, input, tools })
    const [call] = first.output
    expect(call).toMatchObject({ type: 'function_call', name: 'add', arguments: JSON.stringify(sumArguments) })
    const callId = call?.type === 'function_call' ? call.call_id : ''
    const result = { type: 'function_call_output' as const, call_id: callId, output: '3' }
    const body = { model, tools, previous_response_id: first.id, input: [result] }
    expect((await clientOf(asked).responses.create(body)).output_text).toBe(sumText)
  })

  feature('responses.parse', async (asked) => {
    const { model, prompt } = asked
    const body = { model, input: prompt, text: { format: zodTextFormat(Sum, 'sum') } }
    expect((await clientOf(asked).responses.parse(body)).output_parsed).toEqual(sumObject)
  })

  feature(
    'embeddings.create',
    async (asked) => {
      const model = asked.target === 'bypass' ? 'embedder' : asked.model
      const { data } = await clientOf(asked).embeddings.create({ model, input: ['Hi', 'Ho'] })
      expect(data.map((each) => each.embedding)).toEqual([embedding, embedding])
    },
    noEmbeddings,
  )

  feature(
    'models.list and retrieve',
    async (asked) => {
      const ids: string[] = []
      for await (const { id } of clientOf(asked).models.list()) ids.push(id)
      const listed = `mollmr/${asked.model.replace('mollmr/', '')}`
      expect(ids).toContain(listed)
      expect(await clientOf(asked).models.retrieve(listed)).toMatchObject({ id: listed, object: 'model' })
    },
    { asks: [] },
  )
})
