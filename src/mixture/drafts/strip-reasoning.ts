/**
 * A draft without what its model thought aloud: `<think>…</think>` wherever it stands, also where it was never closed
 * (the model was cut off) or never opened (the chat template had opened it). Runs in linear time on hostile text.
 */
export function stripReasoning(text: string): string {
  const tags = [...text.matchAll(/<(\/?)think(?:ing)?>/gi)]
  if (tags.length === 0) return text.trim()
  const kept: string[] = []
  let from = 0
  let isThinking = false
  for (const { 0: tag, 1: slash, index } of tags) {
    if (slash === '/' && !isThinking) kept.length = 0
    else if (!isThinking) kept.push(text.slice(from, index))
    isThinking = slash !== '/'
    from = index + tag.length
  }
  if (!isThinking) kept.push(text.slice(from))
  return kept.join('').trim()
}
