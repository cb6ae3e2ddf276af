/**
 * The models behind the gateway under test: simulated ones, on a real server of the loopback, that follow a script. What
 * the client sends decides which turn of the script it gets, so that one script serves every client.
 */
import type { ChatBody } from '../../../src/chat/chat-request.ts'
import {
  callingTool,
  type FakeUpstream,
  saying,
  sendJson,
  startFakeUpstream,
  type UpstreamReply,
} from '../../../src/testing/fake-upstream.ts'

/** What the models that write the answer, `single` and `aggregate`, do with a request. */
export type Writer = (body: ChatBody) => UpstreamReply

export interface ScriptedUpstream extends Pick<FakeUpstream, 'baseUrl' | 'calls' | 'close'> {
  /** From now on; `defaultWriter` at first. */
  writer: Writer
}

export const answerText = 'The answer.'
export const pictureText = 'A picture.'
export const sumText = 'The sum is 3.'
/** What the default writer calls a client's tool with, and what it writes where JSON is asked for. */
export const sumArguments = { a: 1, b: 2 }
export const sumObject = { sum: 3 }
export const embedding = [0.25, -1]
/** What every answer says it took. */
const usage = { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 }

/** Calls the first tool that it is offered, answers once its result is there; writes JSON where JSON is asked for. */
export const defaultWriter: Writer = (body) => {
  if (hasResult(body)) return saying(sumText, { usage })
  const [tool] = toolsOf(body)
  if (tool) return callingTool({ name: tool.name, arguments: 'sum' in propertiesOf(tool) ? sumObject : sumArguments })
  if (body.response_format?.type.startsWith('json') === true) return saying(JSON.stringify(sumObject), { usage })
  return saying(hasPicture(body) ? pictureText : answerText, { usage })
}

/** True where what a tool came to was said last; a mixture puts its advice behind it. */
export function hasResult({ messages }: ChatBody): boolean {
  const answeredAt = messages.findLastIndex(({ role }) => role === 'assistant')
  return messages.slice(answeredAt + 1).some(({ role }) => role === 'tool')
}

export interface OfferedTool {
  readonly name: string
  readonly parameters?: { readonly properties?: Readonly<Record<string, unknown>> }
}

export function toolsOf({ tools = [] }: ChatBody): readonly OfferedTool[] {
  return (tools as readonly { function?: OfferedTool }[]).flatMap((tool) => tool.function ?? [])
}

/** Some clients ask for JSON by a tool that takes it. */
export function propertiesOf({ parameters }: OfferedTool): Readonly<Record<string, unknown>> {
  return parameters?.properties ?? {}
}

function hasPicture({ messages }: ChatBody): boolean {
  return JSON.stringify(messages).includes('"image_url"')
}

/** What the other models say, whatever they are asked; a worker says its name. */
const cast: Readonly<Record<string, UpstreamReply>> = {
  chooser: saying('{"choice":"generic","reason":"scripted"}', { usage }),
  side: saying('{"title":"A side answer"}', { usage }),
  'worker-a': saying('The draft of worker-a.', { usage }),
  'worker-b': saying('The draft of worker-b.', { usage }),
  'worker-c': saying('The draft of worker-c.', { usage }),
}

/** In base64 where that is asked for, as OpenAI does it: little-endian 32-bit floats. */
const embedded: UpstreamReply = (response, { body }) => {
  const vector =
    body['encoding_format'] === 'base64'
      ? Buffer.from(Float32Array.from(embedding).buffer).toString('base64')
      : embedding
  const inputs = [body['input']].flat()
  const data = inputs.map((_, index) => ({ object: 'embedding', index, embedding: vector }))
  sendJson(response, { object: 'list', model: body.model, data, usage: { prompt_tokens: 2, total_tokens: 2 } })
}

export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const scripted = { writer: defaultWriter }
  const upstream = await startFakeUpstream((response, call) => {
    const reply = call.path.endsWith('/embeddings') ? embedded : (cast[call.body.model] ?? scripted.writer(call.body))
    return reply(response, call)
  })
  const { baseUrl, calls } = upstream
  return Object.assign(scripted, { baseUrl, calls, close: () => upstream.close() })
}
