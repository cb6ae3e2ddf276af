import type { ChatBody, ToolCall } from '../../chat/chat-request.ts'
import { offersTools, textOf } from '../../chat/message-text.ts'
import type { Character } from './character.ts'
import { composeText } from './compose-text.ts'
import type { Mind } from './mind.ts'
import { pickOption } from './pick-option.ts'
import { type Prompt, readPrompt } from './read-prompt.ts'
import { schemaInstance } from './schema-instance.ts'
import { createSeededRandom, hashOf } from './seeded-random.ts'
import { simulatedLabel } from './simulated-label.ts'
import { wordPieces } from './word-pieces.ts'

/** One choice of an answer, in the pieces in which it is streamed. */
export type Reply = TextReply | ToolReply

export interface TextReply {
  readonly kind: 'text'
  readonly pieces: readonly string[]
  readonly finishReason: 'stop' | 'length'
}

export interface ToolReply {
  readonly kind: 'tool'
  readonly call: Required<Pick<ToolCall, 'id' | 'type' | 'function'>>
  /** The arguments of `call`. */
  readonly pieces: readonly string[]
}

/** The choices that a character answers a request with: the same for the same request, streamed or not. */
export function composeReplies(body: ChatBody, character: Character): readonly Reply[] {
  const prompt = readPrompt(body.messages)
  return Array.from({ length: body.n ?? 1 }, (_, index) =>
    composeReply(body, { prompt, character, random: randomFor(body, { prompt, character }, index) }),
  )
}

/** Chance for one purpose that depends on the character and on what it is asked, and on nothing else. */
export function randomFor(
  { seed }: ChatBody,
  { prompt, character }: { readonly prompt: Prompt; readonly character: Character },
  purpose: string | number,
): Mind['random'] {
  return createSeededRandom([character.seed, character.name, prompt.transcript, seed ?? '', purpose])
}

function composeReply(body: ChatBody, mind: Mind): Reply {
  const tool = toolToCall(body, mind)
  if (!tool) return textReply(formedText(body, mind), body)
  const text = JSON.stringify(schemaInstance(tool.parameters, mind))
  const id = `call_${hashOf(`${tool.name} ${text}`).toString(16)}`
  return {
    kind: 'tool',
    call: { id, type: 'function', function: { name: tool.name, arguments: text } },
    pieces: wordPieces(text),
  }
}

function formedText({ response_format: format }: ChatBody, mind: Mind): string {
  if (format?.type === 'json_schema') return JSON.stringify(schemaInstance(format.json_schema?.schema, mind))
  if (format?.type === 'json_object') return JSON.stringify({ simulated: true, answer: composeText(mind) })
  return simulatedLabel + composeText(mind)
}

function textReply(text: string, { stop, max_completion_tokens, max_tokens }: ChatBody): TextReply {
  const stops = typeof stop === 'string' ? [stop] : (stop ?? [])
  const ends = stops.map((end) => text.indexOf(end)).filter((at) => at >= 0)
  const pieces = wordPieces(text.slice(0, Math.min(text.length, ...ends)))
  const limit = max_completion_tokens ?? max_tokens ?? 0
  const isCut = limit > 0 && pieces.length > limit
  return { kind: 'text', pieces: isCut ? pieces.slice(0, limit) : pieces, finishReason: isCut ? 'length' : 'stop' }
}

interface Tool {
  readonly name: string
  readonly parameters: unknown
}

/** The tool that must be called: the one that is named, or the best match where one is required. Or one that the user asks for. */
function toolToCall(body: ChatBody, mind: Mind): Tool | undefined {
  if (!offersTools(body)) return undefined
  const tools = (body.tools ?? []).map(toolOf).filter((tool) => tool !== undefined)
  const named = toolOf(body.tool_choice)?.name
  if (named !== undefined) return tools.find(({ name }) => name === named)
  if (body.tool_choice !== 'required' || tools.length === 0) return askedFor(tools, body)
  const name = pickOption(
    tools.map((tool) => tool.name),
    mind,
  )
  return tools.find((tool) => tool.name === name)
}

/** Not once it has been called: what follows its result is an answer. */
function askedFor(tools: readonly Tool[], { messages }: ChatBody): Tool | undefined {
  const last = messages.at(-1)
  if (last?.role !== 'user') return undefined
  const text = textOf(last)
  return tools.find(({ name }) => text.includes(name)) ?? (/\bcall the tool\b/i.test(text) ? tools[0] : undefined)
}

function toolOf(written: unknown): Tool | undefined {
  const { function: declared } = (written ?? {}) as {
    readonly function?: { readonly name?: unknown; readonly parameters?: unknown }
  }
  return typeof declared?.name === 'string'
    ? { name: declared.name, parameters: declared.parameters ?? { type: 'object' } }
    : undefined
}
