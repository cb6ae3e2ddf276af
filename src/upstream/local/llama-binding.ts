/**
 * The part of `node-llama-cpp` 3.22 that is used, as interfaces of our own: the package is an optional peer of 725 MB,
 * so neither its code nor its types may be needed by those who run no model in process.
 */

export interface LlamaBinding {
  getLlama(options: {
    readonly build: 'never'
    readonly logLevel: 'error'
    readonly maxThreads: number
  }): Promise<LlamaRuntime>
  /** The wrapper that writes a conversation as the model's own chat template does. */
  resolveChatWrapper(model: LlamaModel): LlamaChatWrapper
  readonly LlamaGrammarEvaluationState: new (options: {
    readonly model: LlamaModel
    readonly grammar: LlamaGrammar
  }) => LlamaGrammarState
}

export interface LlamaRuntime {
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>
  createGrammarForJsonSchema(schema: unknown): Promise<LlamaGrammar>
  getGrammarFor(language: 'json'): Promise<LlamaGrammar>
  dispose(): Promise<void>
}

export interface LlamaModel {
  readonly tokenizer: unknown
  readonly tokens: { readonly bos: number | null }
  createContext(options: {
    readonly contextSize: number | { readonly max: number }
    readonly sequences: 1
    readonly batchSize: number
    readonly threads?: number
  }): Promise<LlamaContext>
  /** @param lastTokens what stood before `tokens`, which decides about spaces */
  detokenize(tokens: readonly number[], specialTokens: boolean, lastTokens?: readonly number[]): string
  isEogToken(token: number): boolean
}

export interface LlamaContext {
  readonly contextSize: number
  getSequence(): LlamaSequence
}

/** What a context holds of one conversation. */
export interface LlamaSequence {
  /** How many tokens it holds. */
  readonly nextTokenIndex: number
  /** Drops what is not a beginning of `tokens`. */
  adaptStateToTokens(tokens: readonly number[], allowShift: boolean): Promise<void>
  evaluateWithoutGeneratingNewTokens(tokens: readonly number[]): Promise<void>
  evaluate(tokens: readonly number[], options: LlamaSampling): AsyncGenerator<number, void>
}

export interface LlamaSampling {
  readonly temperature: number
  readonly topP?: number
  readonly seed?: number
  readonly grammarEvaluationState?: LlamaGrammarState
}

export interface LlamaChatWrapper {
  generateContextState(options: { readonly chatHistory: readonly LlamaTurn[] }): {
    readonly contextText: LlamaText
    readonly stopGenerationTriggers: readonly LlamaText[]
  }
}

export interface LlamaText {
  tokenize(tokenizer: unknown): readonly number[]
}

export type LlamaTurn =
  | { readonly type: 'system' | 'user'; readonly text: string }
  | { readonly type: 'model'; readonly response: readonly string[] }

/** Opaque: made by the runtime, handed back to it. */
export type LlamaGrammar = object
/** Opaque: how far a text has come in a grammar. */
export type LlamaGrammarState = object
