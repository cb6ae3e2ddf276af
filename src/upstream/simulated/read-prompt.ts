/**
 * What a simulated model understands of a prompt: the question, the drafts that stand behind it, and the lines that
 * describe options. Mixtures and routers put a code that changes with every request around what they quote; it is left
 * out of everything here, so that the same question is the same prompt.
 */
import type { ChatMessage } from '../../chat/chat-request.ts'
import { lastUserMessage, textOf } from '../../chat/message-text.ts'

export interface Prompt {
  /** What the user asks, without what a mixture or a router has written around it. */
  readonly question: string
  /** The drafts that are to become one answer; most prompts have none. */
  readonly drafts: readonly string[]
  /** The whole last message of the user. */
  readonly text: string
  /** Everything that was said. */
  readonly transcript: string
}

export function readPrompt(messages: readonly ChatMessage[]): Prompt {
  const last = lastUserMessage(messages)
  const text = last ? textOf(last) : ''
  const drafts = [...text.matchAll(fencedDraft)].map((match) => match[2] ?? '')
  const asked = drafts.length > 0 ? beforeNotes(text) : quotedConversation(text)
  const earlier = messages.filter((message) => message !== last && message.role === 'user').at(-1)
  return {
    question: asked === '' && earlier ? textOf(earlier) : asked,
    drafts,
    text: withoutCodes(text),
    transcript: withoutCodes(messages.map((message) => `${message.role}: ${textOf(message)}`).join('\n')),
  }
}

const fencedDraft = /^\[([0-9a-f]{32}) Draft[^\n]* begins\]\n([\s\S]*?)\n\[\1 Draft[^\n]* ends\]$/gm

/** The user's own words end where a line of dashes or the first draft begins. */
function beforeNotes(text: string): string {
  const end = /^---$|^\[[0-9a-f]{32} /m.exec(text)?.index ?? text.length
  return text.slice(0, end).trim()
}

/** A router quotes the conversation between two lines that hold a code alone; its last turn is the question. */
function quotedConversation(text: string): string {
  const quoted = /^([0-9a-f]{32})\n([\s\S]*?)\n\1$/m.exec(text)?.[2]
  if (quoted === undefined) return withoutCodes(text)
  return (
    quoted
      .split(/^(?:user|assistant|system|tool): /m)
      .at(-1)
      ?.trim() ?? ''
  )
}

function withoutCodes(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{32}\b/g, '')
}
