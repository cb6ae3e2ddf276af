/**
 * Clients ask the model of the chat for titles, tags and follow-ups too. Such side requests must not wake a mixture,
 * and a real question must never be taken for one: every signature here is anchored where its client puts it.
 */
import type { ChatBody, ChatRequest } from '../chat/chat-request.ts'
import { lastUserMessage, textOf } from '../chat/message-text.ts'

/** How a side request was known: the evidence, strongest first, and what gave it away. */
export type SideEvidence = `explicit:${string}` | `signature:${string}` | `shape:${string}`

/** The evidence that a request is a side request; undefined for an ordinary one. */
export function sideEvidenceOf(request: ChatRequest): SideEvidence | undefined {
  const task = namedTaskOf(request)
  if (task === 'chat') return undefined
  if (task !== undefined && sideTask.test(task)) return `explicit:${task}`
  return signatureOf(request) ?? shapeOf(request.body)
}

/** `title_generation` is how Open WebUI writes its tasks; `chat` says outright that it is none of them. */
const sideTask =
  /^(?:side|title|tags?|follow[-_]?ups?|emoji|quer(?:y|ies)|image_prompt|autocomplete|memory)(?:_generation|_extraction)?$/

function namedTaskOf({ body, caller }: ChatRequest): string | undefined {
  const named = caller.headers['x-mollmr-task'] ?? caller.headers['x-openwebui-task'] ?? body.metadata?.['task']
  return typeof named === 'string' ? named.trim().toLowerCase() : undefined
}

/** Each looks at the whole of one client's side request. */
const signatures: Readonly<Record<string, (body: ChatBody, headers: ChatRequest['caller']['headers']) => boolean>> = {
  'opencode-title': (body) => !hasTools(body) && instructionsOf(body).startsWith(opencodeTitle),
  'claude-code-title': (body) => !hasTools(body) && claudeCodeTitle.test(instructionsOf(body)),
  'codex-title': (body, headers) => !hasTools(body) && codexTitle.test(headers['x-codex-turn-metadata'] ?? ''),
  'aider-commit': (body) => !hasTools(body) && instructionsOf(body).startsWith(aiderCommit),
  'open-webui-task': isOpenWebUiTask,
  'librechat-title': (body) => librechatTitle.test(onlyUserTextOf(body)),
  'qwen-memory': (body) =>
    instructionsOf(body).startsWith('You are now acting as the managed memory extraction subagent'),
}

const opencodeTitle = 'You are a title generator. You output ONLY a thread title.'

/** Its system prompt says first who it is. */
const claudeCodeTitle = /^You are Claude Code\b[^\n]*\s+You are naming a coding session\b/

/** Codex says in this header what each of its threads is for; its quotes are never escaped there. */
const codexTitle = /"thread_source":\s*"thread_title"/

const aiderCommit = 'You are an expert software engineer that generates concise, one-line Git commit messages'

const librechatTitle =
  /^(?:Provide a concise, 5-word-or-less title for the conversation|Analyze this conversation and provide:\s+1\. The detected language of the conversation\s+2\. A concise title)/

function signatureOf({ body, caller }: ChatRequest): SideEvidence | undefined {
  const found = Object.entries(signatures).find(([, fits]) => fits(body, caller.headers))
  return found && `signature:${found[0]}`
}

/** Open WebUI also begins its retrieval prompt with "### Task:", and so do people: the JSON and the history decide. */
function isOpenWebUiTask(body: ChatBody): boolean {
  const text = onlyUserTextOf(body)
  if (hasTools(body) || !/^### Task:\s/.test(text)) return false
  return jsonOutputLine.test(text) && (text.includes('<chat_history>') || sideJson.test(text))
}

const jsonOutputLine = /^### (?:\*\*)?Output\b[^\n]*\n\s*[^\n]*\bJSON\b/m
const sideJson = /\{\s*"(?:title|tags|follow_ups|queries)"\s*:\s*(?:"[^"{}]*"|\[[^\][{}]*\])\s*\}/

/** "Generate a concise title for the conversation so far": an instruction, at the start, about the chat itself. */
const sideInstruction =
  /^\s*(?:please\s+)?(?:generate|create|write|suggest|provide|return)\b[^?!\n]{0,120}\b(?:titles?|tags|follow[- ]?ups?|queries)\b[^?!\n]{0,120}\b(?:chat|conversation|thread)\b/i

/** No answer of so few tokens is worth a mixture. */
const tinyOutputTokens = 16

function shapeOf(body: ChatBody): SideEvidence | undefined {
  if (hasTools(body) || body.messages.length > 2) return undefined
  const limit = body.max_completion_tokens ?? body.max_tokens ?? 0
  if (limit > 0 && limit <= tinyOutputTokens) return 'shape:tiny-output'
  const text = textOf(lastUserMessage(body.messages) ?? { role: 'user' })
  return sideJson.test(text) && sideInstruction.test(text) ? 'shape:json-title' : undefined
}

function hasTools(body: ChatBody): boolean {
  return (body.tools?.length ?? 0) > 0
}

function isInstruction(role: string): boolean {
  return role === 'system' || role === 'developer'
}

/** The text of the first message where it is a system or developer message; else empty. */
function instructionsOf({ messages: [first] }: ChatBody): string {
  return first && isInstruction(first.role) ? textOf(first).trimStart() : ''
}

/** The text of the user message where it is all that was said; empty in a conversation of more turns. */
function onlyUserTextOf({ messages }: ChatBody): string {
  const said = messages.filter(({ role }) => !isInstruction(role))
  const [message] = said.length === 1 ? said : []
  return message && message === lastUserMessage(messages) ? textOf(message).trimStart() : ''
}
