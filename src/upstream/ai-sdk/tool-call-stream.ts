import type { LanguageModelV4StreamPart } from '@ai-sdk/provider'
import type { ChatDelta } from '../../chat/chat-event.ts'
import { toolCallOf } from './answer-parts.ts'

type ToolPart = Extract<LanguageModelV4StreamPart, { type: 'tool-input-start' | 'tool-input-delta' | 'tool-call' }>
type ToolStart = Extract<ToolPart, { type: 'tool-input-start' }>
type WholeCall = Extract<ToolPart, { type: 'tool-call' }>

interface OpenCall {
  readonly index: number
  /** False where the deltas are not the JSON that the caller gets. */
  readonly streamsJson: boolean
  hasArguments: boolean
}

/** Numbers the tool calls of a stream in the order in which they begin; what the provider runs itself is left out. */
export class ToolCallStream {
  readonly #open = new Map<string, OpenCall>()

  get count(): number {
    return this.#open.size
  }

  /** The delta for a part; null where it says nothing to the caller. */
  deltaOf(part: ToolPart): ChatDelta | null {
    switch (part.type) {
      case 'tool-input-start':
        return this.#begin(part)
      case 'tool-input-delta':
        return this.#continue(part.id, part.delta)
      case 'tool-call':
        return part.providerExecuted === true ? null : this.#complete(part)
    }
  }

  #begin({ id, toolName: name, providerExecuted, inputEncoding }: ToolStart): ChatDelta | null {
    if (providerExecuted === true) return null
    const index = this.count
    this.#open.set(id, { index, streamsJson: inputEncoding !== 'text', hasArguments: false })
    return { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }
  }

  #continue(id: string, delta: string): ChatDelta | null {
    const call = this.#open.get(id)
    if (!call?.streamsJson || delta === '') return null
    call.hasArguments = true
    return { tool_calls: [{ index: call.index, function: { arguments: delta } }] }
  }

  /** What the deltas have not said yet: all of it, the arguments, or only what the provider wants back. */
  #complete(whole: WholeCall): ChatDelta | null {
    const call = this.#open.get(whole.toolCallId)
    const { function: called, id, type, ...extra } = toolCallOf(whole)
    if (!call) {
      const index = this.count
      this.#open.set(id, { index, streamsJson: true, hasArguments: true })
      return { tool_calls: [{ index, id, type, ...(called ? { function: called } : {}), ...extra }] }
    }
    if (call.hasArguments && Object.keys(extra).length === 0) return null
    const rest = call.hasArguments ? '' : whole.input
    return { tool_calls: [{ index: call.index, function: { arguments: rest }, ...extra }] }
  }
}
