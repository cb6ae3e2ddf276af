/** The official client of Anthropic. */
import Anthropic from '@anthropic-ai/sdk'
import { expect } from 'vitest'
import { type Asked, describeClient } from './harness/describe-client.ts'
import { answerText, pictureText, sumArguments, sumText } from './harness/scripted-upstream.ts'
import { picture } from './harness/picture.ts'

const clientOf = ({ url }: Asked): Anthropic => new Anthropic({ baseURL: url, apiKey: 'any', maxRetries: 0 })
const tools = [{ name: 'add', description: 'Adds.', input_schema: { type: 'object' as const, properties: {} } }]
const asking = ({ model, prompt }: Asked) => ({
  model,
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: prompt }],
})

describeClient('@anthropic-ai/sdk', (feature) => {
  feature('messages.create', async (asked) => {
    const message = await clientOf(asked).messages.create(asking(asked))
    expect(message).toMatchObject({ type: 'message', model: asked.model, stop_reason: 'end_turn' })
    expect(message.content).toMatchObject([{ type: 'text', text: answerText }])
    expect(message.usage.output_tokens).toBe(4)
  })

  feature('messages.create, streamed', async (asked) => {
    let text = ''
    for await (const event of await clientOf(asked).messages.create({ ...asking(asked), stream: true })) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
    }
    expect(text).toBe(answerText)
  })

  feature('messages.stream', async (asked) => {
    const final = await clientOf(asked).messages.stream(asking(asked)).finalMessage()
    expect(final).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: answerText }] })
    expect(final.usage.output_tokens).toBe(4)
  })

  feature('messages.create, a tool loop', async (asked) => {
    const body = { ...asking(asked), tools }
    const first = await clientOf(asked).messages.create(body)
    expect(first.stop_reason).toBe('tool_use')
    const [call] = first.content
    expect(call).toMatchObject({ type: 'tool_use', name: 'add', input: sumArguments })
    const result = { type: 'tool_result' as const, tool_use_id: call?.type === 'tool_use' ? call.id : '', content: '3' }
    const second = await clientOf(asked).messages.create({
      ...body,
      messages: [...body.messages, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }],
    })
    expect(second.content).toMatchObject([{ type: 'text', text: sumText }])
  })

  feature('messages.stream, a tool call', async (asked) => {
    const final = await clientOf(asked)
      .messages.stream({ ...asking(asked), tools })
      .finalMessage()
    expect(final.content).toMatchObject([{ type: 'tool_use', name: 'add', input: sumArguments }])
  })

  feature(
    'a picture',
    async (asked) => {
      const source = { type: 'base64' as const, media_type: 'image/png' as const, data: picture.toString('base64') }
      const content: Anthropic.ContentBlockParam[] = [
        { type: 'image', source },
        { type: 'text', text: asked.prompt },
      ]
      const messages = [{ role: 'user' as const, content }]
      const message = await clientOf(asked).messages.create({ ...asking(asked), messages })
      expect(message.content).toMatchObject([{ type: 'text', text: pictureText }])
    },
    { seesPicture: true },
  )

  feature(
    'messages.countTokens',
    async (asked) => {
      const { model, messages } = asking(asked)
      const counted = await clientOf(asked).messages.countTokens({ model, messages })
      expect(counted.input_tokens).toBeGreaterThan(3)
    },
    { asks: [] },
  )

  feature(
    'models.list and retrieve',
    async (asked) => {
      const ids: string[] = []
      for await (const { id } of clientOf(asked).models.list({ limit: 1000 })) ids.push(id)
      const listed = `mollmr/${asked.model.replace('mollmr/', '')}`
      expect(ids).toContain(listed)
      expect(await clientOf(asked).models.retrieve(listed)).toMatchObject({ id: listed, type: 'model' })
    },
    { asks: [] },
  )
})
