/**
 * Prints how many bytes V8 makes in its old heap for each answer of a mixture and of a single model behind HTTP, once
 * warm. Run by old-heap.test.ts in a process of its own, interpreted and with a young space that is not collected
 * meanwhile, so that the counts are exact.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type ChatModel,
  collectAnswer,
  createCallContext,
  createChatRequest,
  createMixture,
  createOpenAiModel,
  recordCalls,
} from '../../src/index.ts'
import { withinDeadline } from '../../src/chat/within-deadline.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const text = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Forty-two.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
})
const server = createServer((request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'application/json' }).end(text)
})
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve)
})
const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`

const member = (id: string): ChatModel => withinDeadline(recordCalls(createOpenAiModel({ id, baseUrl })))
const [first, second, third, aggregate] = ['first', 'second', 'third', 'aggregate'].map(member) as [
  ChatModel,
  ChatModel,
  ChatModel,
  ChatModel,
]
const mixture = createMixture({ id: 'mixture', workers: [first, second, third], aggregate, reuseDraftsMs: 0 })

async function ask(model: ChatModel, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const request = createChatRequest({ model: model.id, messages: [{ role: 'user', content: 'Why?' }] })
    const context = createCallContext({ limits: { firstContentMs: 10_000, idleMs: 10_000, totalMs: 20_000 } })
    await collectAnswer(model.chat(request, context))
  }
}

function oldBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => /^(old|large_object)_space$/.test(name))
  return spaces.reduce((sum, space) => sum + space.space_used_size, 0)
}

/** The median of several rounds: now and then one holds a collection that the memory outside of the heap has called for. */
async function bornOld(model: ChatModel): Promise<number> {
  const answers = 40
  const rounds: number[] = []
  await ask(model, 100)
  for (let round = 0; round < 5; round++) {
    collect()
    await ask(model, answers)
    const before = oldBytes()
    await ask(model, answers)
    rounds.push((oldBytes() - before) / answers)
  }
  return rounds.toSorted((a, b) => a - b)[2] ?? NaN
}

console.log(JSON.stringify({ model: await bornOld(first), mixture: await bornOld(mixture) }))
process.exit(0)
