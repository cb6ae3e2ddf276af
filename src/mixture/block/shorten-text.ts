const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** More than the longest emoji in use; a cut looks for a whole character this far around. */
const windowSize = 64

/**
 * A text of at most `maxCharacters` UTF-16 units: the head and the tail of a longer one, with a mark between them that
 * says how much is gone. Never cuts inside a character as a reader sees it.
 */
export function shortenText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text
  const room = maxCharacters - mark(text.length).length
  if (room < 2) return text.slice(0, characterStart(text, Math.max(0, maxCharacters)))
  const headEnd = characterStart(text, Math.ceil(room * 0.6))
  const tailStart = characterEnd(text, text.length - (room - headEnd))
  return text.slice(0, headEnd) + mark(tailStart - headEnd) + text.slice(tailStart)
}

/** Cuts a text into pieces of about `size` UTF-16 units, none inside a character. */
export function piecesOf(text: string, size: number): readonly string[] {
  const pieces: string[] = []
  for (let start = 0; start < text.length;) {
    const end = start + size >= text.length ? text.length : characterEnd(text, start + size)
    pieces.push(text.slice(start, end))
    start = end
  }
  return pieces
}

function mark(left: number): string {
  return `\n[… ${left} characters left out …]\n`
}

/** The start of the character that holds the unit at `index`. */
function characterStart(text: string, index: number): number {
  return characterAround(text, index).start
}

/** The first boundary at or after `index`. */
function characterEnd(text: string, index: number): number {
  const { start, end } = characterAround(text, index)
  return start === index ? index : end
}

function characterAround(text: string, index: number): { readonly start: number; readonly end: number } {
  let from = Math.max(0, index - windowSize)
  if (isLowSurrogate(text, from)) from -= 1
  let to = Math.min(text.length, index + windowSize)
  if (isLowSurrogate(text, to)) to += 1
  const character = graphemes.segment(text.slice(from, to)).containing(index - from)
  if (!character) return { start: index, end: index }
  const start = from + character.index
  return { start, end: start + character.segment.length }
}

function isLowSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index)
  return index > 0 && unit >= 0xdc00 && unit <= 0xdfff
}
