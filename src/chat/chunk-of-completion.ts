import type { ChatChunk, ChatCompletion } from './chat-event.ts'

/** A whole answer as the one chunk of a stream, for an upstream that answers whole although it was asked to stream. */
export function chunkOfCompletion(completion: ChatCompletion): ChatChunk {
  return {
    ...completion,
    object: 'chat.completion.chunk',
    choices: completion.choices.map(({ message, ...choice }) => ({
      ...choice,
      delta: { ...message, tool_calls: message.tool_calls?.map((call, index) => ({ ...call, index })) ?? null },
    })),
  }
}
