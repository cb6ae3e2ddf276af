import type { SharedV4Warning } from '@ai-sdk/provider'
import type { ResponseMeter } from '../../chat/call-context.ts'
import type { ChatBody } from '../../chat/chat-request.ts'
import type { FailingModel } from '../http/failure.ts'

/** One call in the making: what the readers of both forms of answer must know. */
export interface BridgedCall {
  readonly body: ChatBody
  readonly model: FailingModel
  /** Stands for `id`, `created` and `model` where the provider says none. */
  readonly identity: { readonly id: string; readonly created: number; readonly model: string }
  readonly signal: AbortSignal
  readonly meter: ResponseMeter | null
  readonly maxAnswerCharacters: number
  readonly warn: (warnings: readonly SharedV4Warning[]) => void
}
