import { throwIfAborted } from '../../chat/link-abort.ts'
import type {
  LlamaBinding,
  LlamaContext,
  LlamaGrammar,
  LlamaModel,
  LlamaRuntime,
  LlamaSampling,
  LlamaSequence,
  LlamaText,
  LlamaTurn,
} from './llama-binding.ts'
import { StopFilter } from './stop-filter.ts'
import { TokenText } from './token-text.ts'

/** Tokens of a prompt that are read in one go, which cannot be interrupted: an abort is seen between two. */
export const promptSliceTokens = 64

/** A grammar permits white space without end behind its JSON, and small models write it. */
const endOfJson = '\n\n\n\n'

export interface LocalPrompt {
  readonly tokens: readonly number[]
  /** Texts at which the model's turn ends. */
  readonly stops: readonly string[]
}

export interface GenerationOptions {
  readonly maxTokens: number
  readonly temperature: number
  readonly topP?: number
  readonly seed?: number
  readonly grammar?: LlamaGrammar
  /** Texts at which the answer ends; they are not part of it. */
  readonly stops: readonly string[]
  readonly onText: (text: string) => void
  readonly signal: AbortSignal
}

export interface Generation {
  readonly finishReason: 'stop' | 'length'
  readonly completionTokens: number
  /** Tokens of the prompt that were still known from the call before. */
  readonly cachedTokens: number
}

interface SessionParts {
  readonly binding: LlamaBinding
  readonly runtime: LlamaRuntime
  readonly model: LlamaModel
  readonly context: LlamaContext
}

/** One file in memory, with room for one conversation. Its owner sees to it that one call at a time uses it. */
export class LocalSession {
  readonly #parts: SessionParts
  readonly #sequence: LlamaSequence

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#sequence = parts.context.getSequence()
  }

  /** Tokens of prompt and answer together. */
  get contextSize(): number {
    return this.#parts.context.contextSize
  }

  /** The conversation as the model's chat template writes it, up to where the model's turn begins. */
  promptOf(turns: readonly LlamaTurn[]): LocalPrompt {
    const { binding, model } = this.#parts
    const chatHistory: LlamaTurn[] = [...turns, { type: 'model', response: [] }]
    const state = binding.resolveChatWrapper(model).generateContextState({ chatHistory })
    return {
      tokens: this.#withoutSecondStart(state.contextText.tokenize(model.tokenizer)),
      stops: state.stopGenerationTriggers.flatMap((trigger) => this.#plainText(trigger)),
    }
  }

  /** Constrains an answer to JSON, of the form of `schema` where one is given. */
  grammarOf(schema?: unknown): Promise<LlamaGrammar> {
    const { runtime } = this.#parts
    return schema === undefined ? runtime.getGrammarFor('json') : runtime.createGrammarForJsonSchema(schema)
  }

  /** Writes an answer, token by token. @throws the typed reason of an abort, at the next token or slice of the prompt */
  async generate({ tokens, stops }: LocalPrompt, options: GenerationOptions): Promise<Generation> {
    const { model } = this.#parts
    const { maxTokens, onText, signal } = options
    const cachedTokens = await this.#read(tokens, signal)
    const text = new TokenText(model)
    const filter = new StopFilter([...stops, ...options.stops, ...(options.grammar ? [endOfJson] : [])], onText)
    let completionTokens = 0
    for await (const token of this.#sequence.evaluate(tokens.slice(-1), this.#samplingOf(options))) {
      throwIfAborted(signal)
      if (model.isEogToken(token)) break
      completionTokens += 1
      filter.push(text.push(token))
      if (filter.isStopped) break
      if (completionTokens < maxTokens) continue
      filter.flush()
      return { finishReason: 'length', completionTokens, cachedTokens }
    }
    filter.flush()
    return { finishReason: 'stop', completionTokens, cachedTokens }
  }

  /** Reads all of the prompt but its last token; gives how many of its tokens were known already. */
  async #read(tokens: readonly number[], signal: AbortSignal): Promise<number> {
    const sequence = this.#sequence
    const beginning = tokens.slice(0, -1)
    throwIfAborted(signal)
    await sequence.adaptStateToTokens(beginning, false)
    const known = sequence.nextTokenIndex
    for (let at = known; at < beginning.length; at += promptSliceTokens) {
      await sequence.evaluateWithoutGeneratingNewTokens(beginning.slice(at, at + promptSliceTokens))
      throwIfAborted(signal)
    }
    return known
  }

  #samplingOf({ temperature, topP, seed, grammar }: GenerationOptions): LlamaSampling {
    const { binding, model } = this.#parts
    return {
      temperature,
      ...(topP === undefined ? {} : { topP }),
      ...(seed === undefined ? {} : { seed }),
      ...(grammar ? { grammarEvaluationState: new binding.LlamaGrammarEvaluationState({ model, grammar }) } : {}),
    }
  }

  /** A trigger's text; none where it holds a special token, because generating that ends a turn by itself. */
  #plainText(trigger: LlamaText): readonly string[] {
    const { model } = this.#parts
    const tokens = trigger.tokenize(model.tokenizer)
    const text = model.detokenize(tokens, false)
    return text !== '' && text === model.detokenize(tokens, true) ? [text] : []
  }

  /** Some templates begin with the token that the wrapper has put there too; small models lose their thread over two. */
  #withoutSecondStart(tokens: readonly number[]): readonly number[] {
    const { bos } = this.#parts.model.tokens
    return bos !== null && tokens[0] === bos && tokens[1] === bos ? tokens.slice(1) : tokens
  }
}
