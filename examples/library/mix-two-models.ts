/**
 * Mixes two models in process, without a server: both write a draft, one of them makes the answer out of the two.
 *
 *     npx node examples/library/mix-two-models.ts "Why is the sky blue?"
 *
 * In a program of your own, import from 'mollmr', and put `createOpenAiModel` where this one simulates.
 */
import {
  collectAnswer,
  createCallContext,
  createChatRequest,
  createMixture,
  createSimulatedModel,
  recordCalls,
} from '../../src/index.ts'

const question = process.argv[2] ?? 'Please tell me a joke.'

const swift = recordCalls(createSimulatedModel({ id: 'swift', seed: 1 }))
const careful = recordCalls(createSimulatedModel({ id: 'careful', seed: 2 }))
const both = createMixture({ id: 'both', workers: [swift, careful], aggregate: careful })

const request = createChatRequest({ model: 'both', messages: [{ role: 'user', content: question }] })
const context = createCallContext()
const answer = await collectAnswer(both.chat(request, context))
const { calls, promptTokens, completionTokens } = context.span.total()

console.log('Both models are simulated: what they say is made up.')
console.log(answer.text)
console.log(`${calls} calls, ${promptTokens + completionTokens} tokens`)
