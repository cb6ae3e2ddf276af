/** The value of `3 * (4 + 5)`; null where it is no expression of numbers and the four operations, or has no value. */
export function evaluate(expression: string): number | null {
  if (/[^\d\s.+*/()-]/.test(expression)) return null
  const reader = new ExpressionReader(expression.match(/\d+(?:\.\d+)?|\S/g) ?? [])
  const value = reader.sum()
  return reader.isAtEnd && Number.isFinite(value) ? value : null
}

/** Reads by descent; what cannot be read has the value NaN. */
class ExpressionReader {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  sum(): number {
    let value = this.#product()
    for (let operator = this.#take('+-'); operator; operator = this.#take('+-')) {
      value += operator === '+' ? this.#product() : -this.#product()
    }
    return value
  }

  #product(): number {
    let value = this.#factor()
    for (let operator = this.#take('*/'); operator; operator = this.#take('*/')) {
      value = operator === '*' ? value * this.#factor() : value / this.#factor()
    }
    return value
  }

  #factor(): number {
    if (this.#take('-')) return -this.#factor()
    if (!this.#take('(')) return Number(this.#tokens[this.#at++] ?? NaN)
    const value = this.sum()
    return this.#take(')') ? value : NaN
  }

  /** The next token where it is one of `operators`. */
  #take(operators: string): string | undefined {
    const token = this.#tokens[this.#at]
    if (token === undefined || !operators.includes(token)) return undefined
    this.#at += 1
    return token
  }
}
