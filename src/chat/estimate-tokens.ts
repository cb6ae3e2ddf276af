/**
 * Tokens in a text, more or less: within about a tenth of what the tokenizer of current OpenAI models (o200k) counts in
 * English, code and JSON. One pass and no garbage, because it runs for every call and over whole conversations; how it
 * was measured stands in docs/decisions/2026-11-24-token-estimates.md.
 */
export function estimateTokens(text: string): number {
  let tokens = 0
  let runStart = 0
  let runKind = kindOf(text.charCodeAt(0))
  for (let index = 1; index <= text.length; index += 1) {
    const kind = index < text.length ? kindOf(text.charCodeAt(index)) : null
    if (kind === runKind) continue
    tokens += tokensOf(runKind, index - runStart)
    runStart = index
    runKind = kind ?? runKind
  }
  return text === '' ? 0 : Math.max(1, Math.round(tokens))
}

type Kind = 'space' | 'break' | 'digit' | 'letter' | 'sign' | 'foreign' | 'ideograph'

const firstForeign = 0x80
/** From here on one character is about one token: CJK, kana, Hangul, and the halves of emoji. */
const firstIdeograph = 0x2e80

function kindOf(unit: number): Kind {
  if (unit >= firstIdeograph) return 'ideograph'
  if (unit >= firstForeign) return 'foreign'
  if ((unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a)) return 'letter'
  if (unit === 0x20) return 'space'
  if (unit >= 0x30 && unit <= 0x39) return 'digit'
  return unit < 0x20 ? 'break' : 'sign'
}

/** A word up to this length is one token as a rule. */
const wordLength = 9

/** Of a run of characters of one kind. */
function tokensOf(kind: Kind, length: number): number {
  switch (kind) {
    case 'letter':
      return length <= wordLength ? 1.04 : 1 + (length - wordLength) / 5
    case 'space':
      // One space belongs to the word behind it.
      return length > 1 ? 1 : 0
    case 'sign':
      return length === 1 ? 0.95 : length / 2
    case 'digit':
      return Math.ceil(length / 3)
    case 'break':
      return 0.6
    case 'foreign':
      return length / 2.6
    case 'ideograph':
      return length * 0.85
  }
}
