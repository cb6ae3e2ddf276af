import { isObject } from '../../chat/loose-json.ts'

/**
 * The final answer in a text, in one normal form, so that two drafts that mean the same vote for the same: `$1,080.00`
 * and `1080` are both `1080`, `(b)` and `B.` both `B`. Null where the text comes to no answer that could be compared.
 */
export function extractAnswer(text: string): string | null {
  const plain = text.replaceAll('**', '').replaceAll('−', '-').trim()
  return (
    jsonAnswer(plain) ??
    markedAnswer(plain) ??
    statedAnswer(plain) ??
    namedOption(plain) ??
    shortAnswer(plain) ??
    closingNumber(plain)
  )
}

/**
 * The final answer in a text that settles on it: the text is that JSON value, or its closing sentence alone comes to the
 * same. Null for prose that merely holds numbers, a list or a year, where `extractAnswer` takes the best there is.
 */
export function settledAnswer(text: string): string | null {
  const answer = extractAnswer(text)
  if (answer === null || jsonAnswer(text.trim()) === answer) return answer
  const closing = closingSentence(text.trim()).replace(/^[-*]? *\d+[.)]\s+/, '')
  return extractAnswer(closing) === answer ? answer : null
}

function closingSentence(text: string): string {
  const line = text.slice(text.lastIndexOf('\n') + 1)
  return line.split(/(?<=[.!?])\s+/).at(-1) ?? ''
}

/** A text that is one JSON value, also between code fences; of an object its `answer`, else all of it. */
function jsonAnswer(text: string): string | null {
  const inner = /^```(?:json)?\s*\n([\s\S]*)\n```$/.exec(text)?.[1] ?? text
  if (!/^[[{"]/.test(inner.trimStart())) return null
  try {
    const value = JSON.parse(inner) as unknown
    const { answer = value } = (value ?? {}) as { readonly answer?: unknown }
    return typeof answer === 'string' ? normalAnswer(answer) : canonicalJson(answer)
  } catch {
    return null
  }
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}

/** `#### 18`, as GSM8K writes it, or `\boxed{18}`, as MATH does: the last of them. */
function markedAnswer(text: string): string | null {
  const hashed = /^#{4,}[ \t]+(\S.*)$/gm
  const marked = [...text.matchAll(hashed)].at(-1)?.[1] ?? boxed(text)
  return marked === undefined ? null : normalAnswer(marked)
}

function boxed(text: string): string | undefined {
  const start = text.lastIndexOf('\\boxed{')
  if (start < 0) return undefined
  const open = start + '\\boxed'.length
  let depth = 0
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1
    else if (text[at] === '}') depth -= 1
    if (depth === 0) return text.slice(open + 1, at)
  }
  return undefined
}

/** "The answer is 18." or "Final answer: (B)": the last of them, to the end of its sentence. */
function statedAnswer(text: string): string | null {
  const stated = [...text.matchAll(/\banswer(?: is|:| is:|\s*=)[ \t]*(\S.*)/gi)].at(-1)?.[1]
  const [sentence] = stated?.split(/[.!?](?:\s|$)/) ?? []
  return sentence ? normalAnswer(sentence) : null
}

/** "Option B is correct": the last option that is named. */
function namedOption(text: string): string | null {
  return [...text.matchAll(/\b(?:option|choice)\s+\(?([A-J])\b/gi)].at(-1)?.[1]?.toUpperCase() ?? null
}

/** A label is short: anything longer is prose. */
const maxLabelWords = 4
const maxLabelCharacters = 60

/** A text that is hardly more than its answer: "B) Paris", "Yes, because …", "positive". */
function shortAnswer(text: string): string | null {
  const verdict = /^(yes|no|true|false)(?:[,;:!\n]|\.?$|\.\s)/i.exec(text)?.[1]
  if (verdict) return verdict.toLowerCase()
  if (text.includes('\n')) return null
  const hasLetter = /^\(?[A-J][).:](?:\s|$)/.test(text)
  return hasLetter || (isLabel(text) && !/\d/.test(text)) ? normalAnswer(text) : null
}

function isLabel(text: string): boolean {
  return text !== '' && text.length <= maxLabelCharacters && text.split(/\s+/).length <= maxLabelWords
}

/** A letter, a number, a fraction or a label of a few words in its normal form; null for anything longer. */
function normalAnswer(text: string): string | null {
  const bare = text
    .replaceAll(/\\(?:text|mathrm)\{([^{}]*)\}/g, '$1')
    .replaceAll(/[\\`*_"']/g, '')
    .trim()
  const letter = /^\(?([A-Ja-j])(?:[).:](?:\s.*)?)?$/.exec(bare)?.[1]
  if (letter) return letter.toUpperCase()
  const fraction = /^d?frac\{(-?\d+)\}\{(\d+)\}$|^(-?\d+)\s*\/\s*(\d+)$/.exec(bare)
  if (fraction) return `${fraction[1] ?? fraction[3] ?? ''}/${fraction[2] ?? fraction[4] ?? ''}`
  const [number] = numbersIn(bare)
  if (number !== undefined) return number
  const label = bare
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s+-]/gu, '')
    .trim()
  return isLabel(label) ? label : null
}

/**
 * The last number; but where the closing sentence holds several ("she pays $64 for the 16 glasses"), the result of the
 * last equation if that is one of them.
 */
function closingNumber(text: string): string | null {
  const equation = [...text.matchAll(/=\s*([^\s\d=-]{0,3}-?[\d,.]*\d)/g)].at(-1)?.[1]
  const [result] = equation === undefined ? [] : numbersIn(equation)
  const closingNumbers = numbersIn(closingSentence(text))
  if (result !== undefined && closingNumbers.includes(result)) return result
  return closingNumbers.at(-1) ?? numbersIn(text).at(-1) ?? null
}

const numberPattern = /(?<![\p{L}\d_])(-?)\p{Sc}?((?:\d{1,3}(?:,\d{3})+(?!\d)|\d+|(?=\.\d))(?:\.\d+)?)/gu

/** Every number in a text without its commas, currency and needless zeros. */
function numbersIn(text: string): readonly string[] {
  return [...text.matchAll(numberPattern)].map(([, sign = '', digits = '']) => {
    const [whole = '', decimals = ''] = digits.replaceAll(',', '').split('.')
    const value = `${whole.replace(/^0+(?=\d)/, '') || '0'}.${decimals}`.replace(/\.?0*$/, '')
    return value === '0' || value === '' ? '0' : sign + value
  })
}
