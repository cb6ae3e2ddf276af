/** What is asked of real models and what must hold of their answers: their form, their headers, their calls; never their wit. */
import assert from 'node:assert/strict'
import type OpenAI from 'openai'
import type { LedgerRow, SpanRecord } from '../../src/index.ts'
import { strategyNames } from '../../src/mixture/strategies/strategies.ts'

export interface Exchange {
  readonly name: string
  readonly request: object
  readonly ran: Ran
  readonly text: string
  readonly calls: readonly LedgerRow[]
}

/** What ran, as the trace tells it. Headers tell the same where they can wait for it: those of a stream go out early. */
export interface Ran {
  readonly route?: string
  readonly strategy?: string
  readonly routeSource?: string
  readonly model?: string
  readonly degraded?: string
}

export interface Check {
  readonly name: string
  readonly run: (client: OpenAI, url: string) => Promise<Omit<Exchange, 'name'>>
}

type Body = OpenAI.ChatCompletionCreateParams
type Asked = Omit<Exchange, 'name'> & { readonly finishReason: string | null; readonly model: string }

const small = ['smollm2-135m', 'gemma-3-270m']

/** A check whose exchange is a page of its own. */
export interface PageCheck extends Check {
  /** The name of the file. */
  readonly page: string
  readonly title: string
  readonly mixture: string
}

const france = [user('What is the capital of France? Answer in one short sentence.')]

/** One request to the same three workers for each strategy. */
const strategyPages: readonly PageCheck[] = strategyNames.map((strategy) => ({
  page: strategy,
  title: `The strategy ${strategy}`,
  mixture: 'panel',
  name: `strategy ${strategy}`,
  run: async (client, url) => {
    const asked = await ask({ client, url }, { model: 'panel', messages: france, ...{ mollmr: { strategy } } })
    assert.equal(asked.ran.strategy, strategy)
    assert.ok(asked.calls.filter(({ stage }) => stage === 'worker').length >= 2, 'workers were asked')
    return asked
  },
}))

const layersPage: PageCheck = {
  page: 'layers',
  title: 'Two rounds, `layers: 2`,',
  mixture: 'rounds',
  name: 'layers: 2',
  run: async (client, url) => {
    const asked = await ask({ client, url }, { model: 'rounds', messages: france })
    assert.deepEqual(stagesOf(asked), ['aggregate', 'worker', 'worker', 'worker', 'worker'])
    for (const model of small) {
      const [first, second] = asked.calls.filter(({ stage, requested }) => stage === 'worker' && requested === model)
      const tokens = [first, second].map((call) => call?.usage?.promptTokens ?? 0)
      assert.ok((tokens[0] ?? 0) < (tokens[1] ?? 0), 'the second round is shown the drafts of the first')
    }
    return asked
  },
}

export const pageChecks: readonly PageCheck[] = [...strategyPages, layersPage]

export const checks: readonly Check[] = [
  {
    name: 'the models are listed',
    run: async (client) => {
      const ids: string[] = []
      for await (const { id } of client.models.list()) ids.push(id.replace('mollmr/', ''))
      assert.deepEqual(ids, ['router', 'generic', 'facts', 'panel', 'rounds', ...small])
      return { request: {}, ran: {}, text: ids.join('\n'), calls: [] }
    },
  },
  ...[false, true].flatMap(
    (stream) =>
      [
        ...small.map((model) => ({
          name: `bypass to ${model}, ${streamed(stream)}`,
          run: async (client: OpenAI, url: string) => {
            const asked = await ask({ client, url }, { model, stream, messages: [user('The capital of France is')] })
            assert.equal(asked.ran.route, model)
            assert.equal(asked.calls.length, 1)
            return asked
          },
        })),
        {
          name: `mixture, ${streamed(stream)}`,
          run: async (client, url) => {
            const asked = await ask(
              { client, url },
              { model: 'generic', stream, messages: [user('Why do leaves fall?')] },
            )
            assert.equal(asked.ran.route, 'generic')
            assert.equal(asked.ran.model, 'smollm2-135m')
            assert.deepEqual(stagesOf(asked), ['aggregate', 'worker', 'worker'])
            return asked
          },
        },
        {
          name: `mixture that votes, ${streamed(stream)}`,
          run: async (client, url) => {
            const body = { model: 'facts', stream, messages: [user('What is 2 + 2? Answer with the number alone.')] }
            const asked = await ask({ client, url }, body)
            assert.equal(asked.ran.route, 'facts')
            assert.equal(asked.calls.filter(({ stage }) => stage === 'worker').length, 3)
            return asked
          },
        },
        {
          name: `router, ${streamed(stream)}`,
          run: async (client, url) => {
            const asked = await ask({ client, url }, joke(stream))
            assert.ok(['generic', 'facts', 'plan'].includes(asked.ran.route?.split(':')[0] ?? ''))
            assert.ok(asked.ran.routeSource)
            return asked
          },
        },
        {
          name: `composed, ${streamed(stream)}`,
          run: async (client, url) => {
            const content = `Compare a sailing boat with a rowing boat, ${streamed(stream)}, for someone who has never seen either.`
            const body = { model: 'router', stream, messages: [user(content)] }
            const asked = await ask({ client, url }, body, { 'x-route': 'compose' })
            assert.match(asked.ran.route ?? '', /^plan:/)
            assert.ok(
              asked.calls.some(({ stage }) => stage === 'route'),
              'the base model was asked for a plan',
            )
            return asked
          },
        },
      ] satisfies Check[],
  ),
  ...pageChecks,
  {
    name: 'an answer in JSON',
    run: async (client, url) => {
      const schema = {
        type: 'object',
        properties: { colour: { enum: ['red', 'green', 'blue'] } },
        required: ['colour'],
        additionalProperties: false,
      }
      const response_format = { type: 'json_schema', json_schema: { name: 'colour', strict: true, schema } } as const
      const messages = [user('What colour is the sky? Reply in JSON.')]
      const asked = await ask({ client, url }, { model: 'smollm2-135m', messages, response_format })
      assert.ok(['red', 'green', 'blue'].includes((JSON.parse(asked.text) as { colour: string }).colour))
      return asked
    },
  },
  {
    name: 'a caller who leaves is let go, and the next is served',
    run: async (client, url) => {
      const long = { model: 'gemma-3-270m', max_completion_tokens: 3000, messages: [user('Once upon a time')] }
      const stream = await client.chat.completions.create({ ...long, stream: true })
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
      stream.controller.abort()
      const asked = await ask({ client, url }, { ...long, max_completion_tokens: 5 })
      assert.equal(asked.finishReason, 'length')
      return asked
    },
  },
]

/** The request that stands in the README. */
function joke(stream: boolean): Body {
  return {
    model: 'router',
    messages: [{ role: 'system', content: 'You are a helpful AI assistant.' }, user('Please tell me a joke.')],
    temperature: 0.7,
    max_tokens: -1,
    stream,
  }
}

function user(content: string): OpenAI.ChatCompletionUserMessageParam {
  return { role: 'user', content }
}

function streamed(stream: boolean): string {
  return stream ? 'streamed' : 'not streamed'
}

function stagesOf({ calls }: Asked): readonly string[] {
  return calls.map(({ stage }) => stage).sort()
}

interface Gateway {
  readonly client: OpenAI
  readonly url: string
}

async function ask({ client, url }: Gateway, body: Body, headers: Record<string, string> = {}): Promise<Asked> {
  const { response, text, finishReason, model } = body.stream
    ? await askStreamed(client, body, headers)
    : await askWhole(client, { ...body, stream: false }, headers)
  assert.equal(model, body.model, 'the answer names the model that was asked for')
  assert.ok(text.trim().length > 0, 'there is text')
  assert.ok(['stop', 'length'].includes(finishReason ?? ''), `it ended: ${finishReason}`)
  const { ran, calls } = await traceOf(url, response.headers.get('x-request-id') ?? '')
  if (!body.stream) assert.equal(response.headers.get('x-mollmr-route'), ran.route)
  if (!body.stream) assert.equal(response.headers.get('x-mollmr-model'), ran.model)
  return { request: body, ran, text, calls, finishReason, model }
}

async function askStreamed(client: OpenAI, body: Body, headers: Record<string, string>) {
  const streaming = { ...body, stream: true } as const
  const { data, response } = await client.chat.completions.create(streaming, { headers }).withResponse()
  let [text, finishReason, model]: [string, string | null, string] = ['', null, '']
  for await (const chunk of data) {
    model = chunk.model
    text += chunk.choices[0]?.delta.content ?? ''
    finishReason = chunk.choices[0]?.finish_reason ?? finishReason
  }
  return { response, text, finishReason, model }
}

async function askWhole(
  client: OpenAI,
  body: OpenAI.ChatCompletionCreateParamsNonStreaming,
  headers: Record<string, string>,
) {
  const { data, response } = await client.chat.completions.create(body, { headers }).withResponse()
  const [choice] = data.choices
  assert.ok(data.usage && data.usage.completion_tokens > 0, 'usage counts tokens')
  return {
    response,
    text: choice?.message.content ?? '',
    finishReason: choice?.finish_reason ?? null,
    model: data.model,
  }
}

async function traceOf(url: string, requestId: string): Promise<Pick<Exchange, 'ran' | 'calls'>> {
  const response = await fetch(`${url}/mollmr/v1/traces/${requestId}`)
  const { spans } = (await response.json()) as { readonly spans: readonly SpanRecord[] }
  const attributes = spans[0]?.attributes ?? {}
  const shown = ['route', 'routeSource', 'strategy', 'model', 'degraded'].filter(
    (name) => attributes[name] !== undefined,
  )
  return {
    ran: Object.fromEntries(shown.map((name) => [name, attributes[name]])),
    calls: spans.flatMap(({ ledger }) => ledger),
  }
}
