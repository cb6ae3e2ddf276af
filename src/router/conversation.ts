/** What the base model gets to see of a conversation: the turns of user and assistant, bounded, marked as data. */
import type { ChatMessage } from '../chat/chat-request.ts'
import { estimateTokens } from '../chat/estimate-tokens.ts'
import { textOf } from '../chat/message-text.ts'

export interface Turn {
  readonly role: string
  readonly text: string
}

const maxTurns = 16
const maxTokens = 8192
/** A quarter of the whole, so that one pasted log does not push out what was said about it. */
const maxTurnTokens = 2048
const headShare = 0.6
const cutMark = '\n[…]\n'

/** The last turns of user and assistant that fit; system, developer and tool messages are left out. */
export function trimConversation(messages: readonly ChatMessage[]): readonly Turn[] {
  const spoken = messages.filter(({ role }) => role === 'user' || role === 'assistant')
  const turns = spoken.map((message) => ({ role: message.role, text: wordsOf(message) }))
  const kept: Turn[] = []
  let leftTokens = maxTokens
  for (const { role, text } of turns
    .filter((turn) => turn.text !== '')
    .slice(-maxTurns)
    .reverse()) {
    const turn = { role, text: trimMiddle(text, maxTurnTokens) }
    leftTokens -= estimateTokens(turn.text)
    if (leftTokens < 0) break
    kept.unshift(turn)
  }
  return kept
}

/** The turns as text between two lines that hold `fence`, which nothing inside can close. */
export function fenceConversation(turns: readonly Turn[], fence: string): string {
  const lines = turns.map(({ role, text }) => `${role}: ${text.replaceAll(fence, '')}`)
  return [fence, ...lines, fence].join('\n')
}

/** The text of a message, with a mark where it holds something that is not text. */
function wordsOf(message: ChatMessage): string {
  const parts = typeof message.content === 'string' ? [] : (message.content ?? [])
  const others = parts.filter((part) => part.type !== 'text')
  return [textOf(message).trim(), ...others.map((part) => `[${part.type}]`)].filter((text) => text !== '').join('\n')
}

function trimMiddle(text: string, limit: number): string {
  let kept = text
  let characters = text.length
  for (let tokens = estimateTokens(kept); tokens > limit && characters > 0; tokens = estimateTokens(kept)) {
    characters = Math.floor(characters * Math.min(limit / tokens, 0.95))
    kept = headOf(text, Math.round(characters * headShare)) + cutMark + tailOf(text, characters)
  }
  return kept
}

function headOf(text: string, length: number): string {
  return text.slice(0, length - (isHighSurrogate(text, length - 1) ? 1 : 0))
}

function tailOf(text: string, characters: number): string {
  const start = text.length - (characters - Math.round(characters * headShare))
  return text.slice(start + (isHighSurrogate(text, start - 1) ? 1 : 0))
}

/** True where a cut after `at` would tear a character in two. */
function isHighSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xd800 && unit <= 0xdbff
}
