import type { LlamaModel } from './llama-binding.ts'

/** Enough for a tokenizer to know whether a space comes next. */
const rememberedTokens = 8

/** The text of tokens that come one by one; a character of several tokens comes when it is whole. */
export class TokenText {
  readonly #model: Pick<LlamaModel, 'detokenize'>
  #before: readonly number[] = []
  #held: readonly number[] = []

  constructor(model: Pick<LlamaModel, 'detokenize'>) {
    this.#model = model
  }

  /** The text that `token` completes; empty while a character is in parts. */
  push(token: number): string {
    this.#held = [...this.#held, token]
    const text = this.#model.detokenize(this.#held, false, this.#before)
    if (text.endsWith('\uFFFD') && this.#held.length < rememberedTokens) return ''
    this.#before = [...this.#before, ...this.#held].slice(-rememberedTokens)
    this.#held = []
    return text
  }
}
