/** LangChain's models of OpenAI. */
import { type AIMessageChunk, HumanMessage, type MessageContent, type ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { concat } from '@langchain/core/utils/stream'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Asked, describeClient } from './harness/describe-client.ts'
import { picture } from './harness/picture.ts'
import { noEmbeddings } from './harness/refusals.ts'
import { answerText, embedding, pictureText, sumArguments, sumObject, sumText } from './harness/scripted-upstream.ts'

const Sum = z.object({ sum: z.number() })
const add = tool(({ a, b }: { a: number; b: number }) => String(a + b), {
  name: 'add',
  description: 'Adds.',
  schema: z.object({ a: z.number(), b: z.number() }),
})

function modelOf({ baseUrl, model }: Asked, fields: object = {}): ChatOpenAI {
  return new ChatOpenAI({ model, apiKey: 'any', maxRetries: 0, configuration: { baseURL: baseUrl }, ...fields })
}

/** The chunks of a stream as one. */
async function wholeOf(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk | undefined> {
  let whole: AIMessageChunk | undefined
  for await (const chunk of stream) whole = whole ? concat(whole, chunk) : chunk
  return whole
}

describeClient('@langchain/openai', (feature) => {
  feature('invoke', async (asked) => {
    const message = await modelOf(asked).invoke(asked.prompt)
    expect(message).toMatchObject({ text: answerText, usage_metadata: { output_tokens: 4 } })
  })

  feature('stream', async (asked) => {
    const whole = await wholeOf(await modelOf(asked).stream(asked.prompt))
    expect(whole).toMatchObject({ text: answerText, usage_metadata: { output_tokens: 4 } })
  })

  feature('bindTools, a tool loop', async (asked) => {
    const model = modelOf(asked).bindTools([add])
    const question = new HumanMessage(asked.prompt)
    const first = await model.invoke([question])
    const [call] = first.tool_calls ?? []
    expect(call).toMatchObject({ name: 'add', args: sumArguments })
    if (!call) return
    const result: ToolMessage = await add.invoke({ ...call, type: 'tool_call' })
    expect(result.content).toBe('3')
    expect((await model.invoke([question, first, result])).text).toBe(sumText)
  })

  feature('bindTools, streamed', async (asked) => {
    const whole = await wholeOf(await modelOf(asked).bindTools([add]).stream(asked.prompt))
    expect(whole?.tool_calls).toMatchObject([{ name: 'add', args: sumArguments }])
  })

  feature('withStructuredOutput', async (asked) => {
    const model = modelOf(asked).withStructuredOutput(Sum, { name: 'sum', method: 'jsonSchema', strict: true })
    expect(await model.invoke(asked.prompt)).toEqual(sumObject)
  })

  feature('invoke over Responses', async (asked) => {
    expect((await modelOf(asked, { useResponsesApi: true }).invoke(asked.prompt)).text).toBe(answerText)
  })

  feature(
    'a picture',
    async (asked) => {
      const url = `data:image/png;base64,${picture.toString('base64')}`
      const content: MessageContent = [
        { type: 'image_url', image_url: { url } },
        { type: 'text', text: asked.prompt },
      ]
      expect((await modelOf(asked).invoke([new HumanMessage({ content })])).text).toBe(pictureText)
    },
    { seesPicture: true },
  )

  feature(
    'embedDocuments',
    async ({ baseUrl, model, target }) => {
      const embeddings = new OpenAIEmbeddings({
        model: target === 'bypass' ? 'embedder' : model,
        apiKey: 'any',
        maxRetries: 0,
        configuration: { baseURL: baseUrl },
      })
      expect(await embeddings.embedDocuments(['Hi', 'Ho'])).toEqual([embedding, embedding])
    },
    noEmbeddings,
  )
})
