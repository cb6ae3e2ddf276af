/** The three small questions that every model is asked, and what its answers say of it. */
import { schemaProblem } from '../../catalog/schema-problem.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { type ErrorCode, errorCodeOf } from '../../chat/errors.ts'
import { isObject, parseLoosely } from '../../chat/loose-json.ts'
import { strictFormat } from '../../chat/strict-format.ts'
import { formProblem, outOfFence } from '../../mixture/answer/response-format.ts'
import type { ProbedAnswer } from './ask-probe.ts'
import { type Finding, findingOf, findingOfError } from './finding.ts'

export const probeNames = ['answer', 'tools', 'json'] as const
export type ProbeName = (typeof probeNames)[number]

export interface Probe {
  readonly bodyFor: (model: string) => ChatBody
  /** What an answer that came says. */
  readonly judge: (answered: ProbedAnswer) => Finding
  /** Of a model that does answer: what an error says of what it was asked for beyond that. */
  readonly judgeError: (error: unknown, todo: string | null) => Finding
}

/** Enough for a little thinking before the answer. */
const maxTokens = 256

const answerProbe: Probe = {
  bodyFor: (model) => ({
    ...asking(model, 'Count from one to twenty in words, separated by spaces. Write nothing else.'),
    stream: true,
  }),
  judge: ({ answer, pieces, spreadMs, firstContentMs, isWhole }) => {
    const after = `first content after ${seconds(firstContentMs)}`
    if (isWhole) return findingOf('no', `answers, but does not stream: whole after ${seconds(firstContentMs)}`)
    if (isHeldBack({ pieces, spreadMs, firstContentMs }))
      return findingOf('no', `answers, but ${pieces} pieces came at once, ${after}`, unbuffer)
    const thinking = answer.text === '' ? ', all of it thinking' : ''
    return findingOf('ok', `${after}, streams: ${pieces} pieces over ${seconds(spreadMs)}${thinking}`)
  },
  judgeError: (error, todo) => findingOfError(error, 'failed', todo),
}

/** Thousands of tokens in a second are not seen yet; nothing at all while others think for this long is a buffer. */
const atOnce = { pieces: 8, withinMs: 5, afterMs: 500 }
const unbuffer = 'Something before the model collects the stream: switch off the buffering of its proxy.'

function isHeldBack(timing: Pick<ProbedAnswer, 'pieces' | 'spreadMs' | 'firstContentMs'>): boolean {
  const { pieces, spreadMs, firstContentMs } = timing
  return pieces >= atOnce.pieces && spreadMs <= atOnce.withinMs && firstContentMs >= atOnce.afterMs
}

const tool = {
  name: 'get_weather',
  description: 'The weather in a city, now.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
}

const toolsProbe: Probe = {
  bodyFor: (model) => ({
    ...asking(model, 'What is the weather in Paris now? Call the tool.'),
    stream: true,
    tools: [{ type: 'function', function: tool }],
  }),
  judge: ({ answer: { toolCalls, text, finishReason } }) => {
    const call = toolCalls[0]?.function
    if (!call) {
      if (finishReason === 'length') return tooShort
      if (text.includes(tool.name) && text.includes('{')) return findingOf('no', 'writes its call as text', parseCalls)
      return findingOf('no', 'ignores the tool and answers in words', leaveOut)
    }
    if (call.name !== tool.name) return findingOf('no', `calls a tool that is not there: "${call.name}"`, leaveOut)
    const given = parseLoosely(call.arguments)
    const problem = isObject(given) ? schemaProblem(tool.parameters, given) : 'It is not JSON.'
    return problem === null
      ? findingOf('ok', 'calls tools')
      : findingOf('no', `calls the tool with other arguments than it takes: ${problem}`, leaveOut)
  },
  judgeError: (error, todo) => judgeRefusal(error, { todo, whenRefused: leaveOut }),
}

const parseCalls =
  'Its server does not read the calls: vLLM wants --enable-auto-tool-choice --tool-call-parser …, llama.cpp --jinja.'
const leaveOut = 'With tools: false in its entry of the config the router leaves it out where tools are offered.'

const format = strictFormat('animal', { legs: { type: 'integer' }, has_wings: { type: 'boolean' } })

const jsonProbe: Probe = {
  bodyFor: (model) => ({ ...asking(model, 'Describe a spider, in JSON.'), stream: false, response_format: format }),
  judge: ({ answer: { text, finishReason } }) => {
    const problem = formProblem(text, format, schemaProblem)
    if (problem === null) return findingOf('ok', 'keeps to a JSON schema')
    if (finishReason === 'length') return tooShort
    const fenced = outOfFence(text)
    if (fenced !== null && formProblem(fenced, format, schemaProblem) === null)
      return findingOf('no', 'writes the right JSON into a code fence; a mixture takes it out')
    return findingOf('no', `does not keep to a JSON schema: ${problem}`)
  },
  judgeError: (error, todo) => judgeRefusal(error, { todo, whenRefused: null }),
}

export const probes: Readonly<Record<ProbeName, Probe>> = { answer: answerProbe, tools: toolsProbe, json: jsonProbe }

const tooShort = findingOf('warning', `not clear: it still thought after ${maxTokens} tokens`)

/** By these a model that answers otherwise says that it does not take what it was asked for. */
const refusals: ReadonlySet<ErrorCode> = new Set([
  'upstream_bad_request',
  'upstream_model_not_found',
  'unsupported_parameter',
])

function judgeRefusal(
  error: unknown,
  { todo, whenRefused }: { readonly todo: string | null; readonly whenRefused: string | null },
): Finding {
  return refusals.has(errorCodeOf(error))
    ? findingOfError(error, 'no', whenRefused)
    : findingOfError(error, 'failed', todo)
}

function asking(model: string, content: string): ChatBody {
  return { model, messages: [{ role: 'user', content }], max_tokens: maxTokens }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
