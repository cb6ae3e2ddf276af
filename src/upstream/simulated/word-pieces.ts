const longestPiece = 6

const pieces = new RegExp(`\\s*[\\p{L}\\p{N}\\p{M}]{1,${longestPiece}}|\\s*[^\\s\\p{L}\\p{N}\\p{M}]|\\s+`, 'gu')

/** A text in pieces about as long as a tokenizer's; joined they are the text again. */
export function wordPieces(text: string): readonly string[] {
  return text.match(pieces) ?? []
}
