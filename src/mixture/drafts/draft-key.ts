/** What makes two requests the same to a worker. A key names its caller: nobody is given what another has asked for. */
import type { ChatMessage, ChatRequest } from '../../chat/chat-request.ts'
import { hashOf } from './body-digest.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Worker } from '../resolved-mixture.ts'

/**
 * The key of the draft that `worker` writes for `request`, which is what it is sent: without the fields that shape the
 * answer alone, so that the same drafts serve another aggregate. Null where drafts are not reused.
 */
export function draftKeyOf(run: MixtureRun, worker: Worker, request: ChatRequest): string | null {
  if (run.mixture.reuseDraftsMs === 0) return null
  const { label, sample, model } = worker
  return keyOf(run, [label, sample, model.id, run.digest.of(request.body)])
}

/** The key of the advice on a conversation that ends with the user's last message: the same at each step of the turn. */
export function adviceKeyOf(run: MixtureRun, turn: readonly ChatMessage[]): string {
  return keyOf(run, ['advice', run.digest.of({ model: '', messages: turn })])
}

/** True for a request that its client says it sends again, as the SDKs of OpenAI do. */
export function isRepeated({ caller }: ChatRequest): boolean {
  return Number(caller.headers['x-stainless-retry-count']) > 0
}

function keyOf({ request: { caller }, mixture, version }: MixtureRun, parts: readonly unknown[]): string {
  return hashOf([caller.key ?? null, mixture.draftsOf, version, ...parts])
}
