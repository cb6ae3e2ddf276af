import type { ChatEvent } from '../../chat/chat-event.ts'
import { writeAnswer } from '../aggregate.ts'
import { forwardDraft, soleDraft } from '../forward-draft.ts'
import { gatherDrafts } from '../gather-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'

/** Every worker writes a draft; the aggregate writes the answer out of them. For open-ended questions. */
export async function* synthesize(run: MixtureRun): AsyncGenerator<ChatEvent> {
  const drafts = await gatherDrafts(run)
  const sole = soleDraft(run, drafts)
  yield* sole ? forwardDraft(run, sole) : writeAnswer(run, drafts)
}
