/** Local models over a fake of node-llama-cpp, whose tokens are characters; `npm run e2e:real` runs the real one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ChatModel } from '../../chat/chat-model.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import { CancelledError, ConfigError } from '../../chat/errors.ts'
import { askModel, beginAsking } from '../../testing/ask-model.ts'
import { describeChatModelContract } from '../../testing/chat-model-contract.ts'
import { recordCalls } from '../../trace/record-calls.ts'
import type { LlamaBinding, LlamaModel, LlamaSampling, LlamaText, LlamaTurn } from './llama-binding.ts'
import { createLocalEngine, type LocalEngine } from './local-engine.ts'
import { createLocalModel } from './local-model.ts'

interface FakeLlama {
  readonly binding: LlamaBinding
  /** The prompts that were evaluated, as text. */
  readonly prompts: string[]
  readonly sampled: LlamaSampling[]
  readonly loaded: string[]
  disposed: number
  /** How many generations run at the same time, at most. */
  mostAtOnce: number
}

const endOfTurn = '\u0003'
const tokensOf = (text: string): number[] => Array.from(text, (letter) => letter.codePointAt(0) ?? 0)
const textOf = (tokens: readonly number[]): string => String.fromCodePoint(...tokens)
const llamaText = (text: string): LlamaText => ({ tokenize: () => tokensOf(text) })

/** Answers every prompt with what `reply` makes of it, one character a token; `…` at its end goes on for ever. */
function createFakeLlama(reply: (prompt: string) => string): FakeLlama {
  const fake: FakeLlama = {
    prompts: [],
    sampled: [],
    loaded: [],
    disposed: 0,
    mostAtOnce: 0,
    binding: {
      getLlama: () =>
        Promise.resolve({
          loadModel: ({ modelPath }: { modelPath: string }) => {
            fake.loaded.push(modelPath)
            return Promise.resolve(model)
          },
          createGrammarForJsonSchema: (schema: unknown) => {
            if (typeof schema !== 'object') return Promise.reject(new Error('no schema'))
            return Promise.resolve({ schema })
          },
          getGrammarFor: () => Promise.resolve({ schema: 'json' }),
          dispose: () => {
            fake.disposed += 1
            return Promise.resolve()
          },
        }),
      resolveChatWrapper: () => ({
        generateContextState: ({ chatHistory }) => ({
          contextText: llamaText(chatHistory.map(turnText).join('')),
          stopGenerationTriggers: [llamaText('<stop>')],
        }),
      }),
      LlamaGrammarEvaluationState: class {
        readonly grammar: unknown
        constructor({ grammar }: { grammar: unknown }) {
          this.grammar = grammar
        }
      },
    },
  }
  let running = 0
  const model: LlamaModel = {
    tokenizer: null,
    tokens: { bos: null },
    detokenize: (tokens) => textOf(tokens),
    isEogToken: (token) => token === endOfTurn.codePointAt(0),
    createContext: ({ contextSize }) => {
      let held: number[] = []
      const size = typeof contextSize === 'number' ? contextSize : contextSize.max
      return Promise.resolve({
        contextSize: size,
        getSequence: () => ({
          get nextTokenIndex() {
            return held.length
          },
          adaptStateToTokens: (tokens: readonly number[]) => {
            const same = held.findIndex((token, at) => token !== tokens[at])
            held = held.slice(0, same < 0 ? Math.min(held.length, tokens.length) : same)
            return Promise.resolve()
          },
          evaluateWithoutGeneratingNewTokens: (tokens: readonly number[]) => {
            held.push(...tokens)
            return Promise.resolve()
          },
          async *evaluate(tokens: readonly number[], options: LlamaSampling) {
            running += 1
            fake.mostAtOnce = Math.max(fake.mostAtOnce, running)
            try {
              held.push(...tokens)
              const prompt = textOf(held)
              fake.prompts.push(prompt)
              fake.sampled.push(options)
              const text = reply(prompt)
              for (let at = 0; ; at += 1) {
                await new Promise((resolve) => setImmediate(resolve))
                const letter = Array.from(text)[at] ?? endOfTurn
                if (letter === '…') {
                  at -= 1
                  await new Promise((resolve) => setTimeout(resolve, 5))
                }
                yield tokensOf(letter)[0] ?? 0
              }
            } finally {
              running -= 1
            }
          },
        }),
      })
    },
  }
  return fake
}

function turnText(turn: LlamaTurn): string {
  return turn.type === 'model' ? `[model]${turn.response.join('')}` : `[${turn.type}]${turn.text}`
}

let folder: string
let gguf: string
let fake: FakeLlama
let reply: (prompt: string) => string
let engine: LocalEngine

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-local-'))
  gguf = join(folder, 'model.gguf')
  writeFileSync(gguf, 'GGUF')
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

beforeEach(() => {
  reply = () => 'It is 42.'
  fake = createFakeLlama((prompt) => reply(prompt))
  engine = createLocalEngine({ folder, loadLlama: () => Promise.resolve(fake.binding) })
})

const model = (options: { gguf?: string; contextSize?: number } = {}): ChatModel =>
  createLocalModel({ id: 'local', gguf, engine, ...options })

const ask = async (body: Partial<ChatBody> = {}): Promise<Awaited<ReturnType<typeof askModel>>> =>
  askModel(model(), { body })

const contractModel = (answer: string, file = gguf): ChatModel => {
  const llama = createFakeLlama(() => answer)
  const own = createLocalEngine({ folder, loadLlama: () => Promise.resolve(llama.binding) })
  return recordCalls(createLocalModel({ id: 'local', gguf: file, engine: own }))
}

describeChatModelContract('a local model', {
  answering: () => contractModel('It is 42.'),
  failing: () => contractModel('', join(folder, 'missing.gguf')),
  hanging: () => contractModel('…'),
})

describe('a local model', () => {
  it.each([true, false])('writes the conversation as the template of the model does (streamed: %s)', async (stream) => {
    const { answer } = await ask({
      stream,
      messages: [
        { role: 'developer', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: '6 * 7?' },
      ],
    })
    expect(answer.text).toBe('It is 42.')
    expect(answer.finishReason).toBe('stop')
    expect(fake.prompts).toEqual(['[system]Be brief.[user]Hi[model]Hello[user]6 * 7?[model]'])
  })

  it('counts tokens with the tokenizer of the model, and those that it still knew', async () => {
    const local = model()
    const messages = [{ role: 'user', content: 'Hi' }]
    const usageOf = async (): Promise<unknown> => {
      const last = (await askModel(local, { body: { messages } })).events.at(-1)
      return last?.type === 'end' ? last.usage : undefined
    }
    expect(await usageOf()).toMatchObject({ prompt_tokens: 15, completion_tokens: 9 })
    expect(await usageOf()).toMatchObject({ prompt_tokens: 15, prompt_tokens_details: { cached_tokens: 14 } })
  })

  it('ends at max_tokens, at a stop text of the caller and at one of the template', async () => {
    expect((await ask({ max_tokens: 5 })).answer).toMatchObject({ text: 'It is', finishReason: 'length' })
    expect((await ask({ stop: ' 4' })).answer).toMatchObject({ text: 'It is', finishReason: 'stop' })
    reply = () => 'Done<stop>more'
    expect((await ask({ max_tokens: -1 })).answer).toMatchObject({ text: 'Done', finishReason: 'stop' })
  })

  it('samples as it is asked to, and every choice with a seed of its own', async () => {
    const { events } = await ask({ temperature: 0, top_p: 0.5, seed: 7, n: 2, stream: false })
    expect(fake.sampled).toEqual([
      { temperature: 0, topP: 0.5, seed: 7 },
      { temperature: 0, topP: 0.5, seed: 8 },
    ])
    const completion = events.find((event) => event.type === 'completion')?.completion
    expect(completion?.choices).toHaveLength(2)
  })

  it('is held to JSON by a grammar', async () => {
    const schema = { type: 'object', properties: { n: { type: 'integer', minimum: 1, maximum: 2 } } }
    await ask({ response_format: { type: 'json_schema', json_schema: { name: 'n', schema } } })
    await ask({ response_format: { type: 'json_object' } })
    expect(fake.sampled.map(({ grammarEvaluationState }) => grammarEvaluationState)).toEqual([
      { grammar: { schema: { type: 'object', properties: { n: { enum: [1, 2] } } } } },
      { grammar: { schema: 'json' } },
    ])
    const broken = ask({ response_format: { type: 'json_schema', json_schema: { name: 'none', schema: 'no' } } })
    await expect(broken).rejects.toMatchObject({ code: 'upstream_bad_request' })
  })

  it('says that a conversation is too long', async () => {
    const short = model({ contextSize: 20 })
    const long = askModel(short, { body: { messages: [{ role: 'user', content: 'x'.repeat(50) }] } })
    await expect(long).rejects.toMatchObject({ code: 'context_length_exceeded' })
    await expect(long).rejects.toThrow('The conversation takes 63 tokens, and model "local" has room for 20')
  })

  it.each([
    [{ logprobs: true }, 'unsupported_parameter', 'logprobs'],
    [{ tools: [{ type: 'function' }], tool_choice: 'required' }, 'unsupported_parameter', 'tool_choice'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] },
      'unsupported_modality',
      'messages[0].content[0]',
    ],
  ])('refuses what it cannot do: %j', async (body, code, param) => {
    await expect(ask(body as Partial<ChatBody>)).rejects.toMatchObject({ code, param })
    expect(model().card).toMatchObject({ modalities: ['text'], tools: false })
  })
})

describe('a local engine', () => {
  it('loads nothing before the first call, and each file once', async () => {
    const [one, other] = [model(), model()]
    expect(fake.loaded).toEqual([])
    await Promise.all([askModel(one), askModel(other), askModel(one)])
    expect(fake.loaded).toEqual([gguf])
  })

  it('lets one call at a time use a file', async () => {
    await Promise.all([ask(), ask(), ask()])
    expect(fake.mostAtOnce).toBe(1)
  })

  it('goes on to the next in line when a caller leaves', async () => {
    const replies = ['…', 'Next.']
    reply = () => replies.shift() ?? ''
    const controller = new AbortController()
    const local = model()
    const left = beginAsking(local, { signal: controller.signal })
    const ended = expect(left.answer).rejects.toBeInstanceOf(CancelledError)
    const next = askModel(local)
    setTimeout(() => {
      controller.abort(new CancelledError())
    }, 20)
    await ended
    expect((await next).answer.text).toBe('Next.')
  })

  it('says which file is missing', async () => {
    const missing = askModel(model({ gguf: join(folder, 'none.gguf') }))
    await expect(missing).rejects.toBeInstanceOf(ConfigError)
    await expect(missing).rejects.toThrow('none.gguf')
  })

  it('says how to install what it needs', async () => {
    const without = createLocalEngine({ folder })
    const asking = askModel(createLocalModel({ id: 'local', gguf, engine: without }))
    await expect(asking).rejects.toThrow('npm install node-llama-cpp@3.22')
  })

  it('frees the memory when it is closed', async () => {
    await ask()
    await engine.close()
    expect(fake.disposed).toBe(1)
  })
})
