/** A chat completion as a client sends it that did not run: the requests of programs with a window are sent again. */
import { expect } from 'vitest'
import type { ChatChunk } from '../../../src/chat/chat-event.ts'
import type { ChatBody } from '../../../src/chat/chat-request.ts'

export interface SentChat {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: ChatBody
}

/** The text of the answer, streamed where the body says so. @throws Error with the status and the message */
export async function sendChat({ url, headers, body }: SentChat): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer any', ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text}`)
  if (body.stream === true) return textOfStream(text)
  const { choices } = JSON.parse(text) as { choices: { message: { content: string | null } }[] }
  return choices[0]?.message.content ?? ''
}

/** Holds the stream to what the strictest of its readers need: one id, a role at first, a reason to finish, `[DONE]`. */
function textOfStream(text: string): string {
  const data = [...text.matchAll(/^data: (.*)$/gm)].map((match) => match[1] ?? '')
  expect(data.at(-1)).toBe('[DONE]')
  const chunks = data.slice(0, -1).map((json) => JSON.parse(json) as ChatChunk)
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
  expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant' })
  const finishes = chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])
  expect(finishes).toHaveLength(1)
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
}
