/** A configured system prompt, and how it meets the system messages that the client has written itself. */
import type { ChatMessage } from '../chat/chat-request.ts'
import { appendText, prependText } from '../chat/message-text.ts'
import { parseTemplate, type Slots, type SlotValues, type Template, type TemplateSource } from './template.ts'

/**
 * `prepend` and `append` write into the client's first or last system message, because many chat templates accept only
 * one; `replace` drops the client's. Without a system message of the client, all three open the conversation with ours.
 */
export type SystemPromptMode = 'prepend' | 'append' | 'replace'

export interface SystemPrompt<S extends Slots> {
  readonly mode: SystemPromptMode
  readonly template: Template<S>
}

/** @throws ConfigError as `parseTemplate` does */
export function parseSystemPrompt<const S extends Slots>(
  { mode, template }: { readonly mode: SystemPromptMode; readonly template: TemplateSource },
  slots: S,
): SystemPrompt<S> {
  return { mode, template: parseTemplate({ ...template, slots }) }
}

/** The messages with the system prompt in its place; the ones given are not changed. A prompt that is blank once filled adds nothing. */
export function applySystemPrompt<S extends Slots>(
  messages: readonly ChatMessage[],
  { mode, template }: SystemPrompt<S>,
  values: SlotValues<S>,
): readonly ChatMessage[] {
  const text = template.fill(values)
  const kept = mode === 'replace' ? messages.filter((message) => !isSystem(message)) : messages
  if (text.trim() === '') return kept
  const at = mode === 'append' ? kept.findLastIndex(isSystem) : kept.findIndex(isSystem)
  const met = kept[at]
  if (!met) return [{ role: 'system', content: text }, ...kept]
  return kept.with(at, mode === 'append' ? appendText(met, text) : prependText(met, text))
}

function isSystem({ role }: ChatMessage): boolean {
  return role === 'system' || role === 'developer'
}
