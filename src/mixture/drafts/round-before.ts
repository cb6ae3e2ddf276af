/** What workers are shown of what the workers of the round before have written. */
import { draftBlock } from '../block/draft-block.ts'
import { draftsPrompt } from '../block/drafts-prompt.ts'
import type { MixtureRun } from '../mixture-run.ts'
import type { Worker } from '../resolved-mixture.ts'

/** Has a worker write its own draft in view of those of the round before. */
export const layerPrompt = draftsPrompt('layer')

/** The block for a worker; null in the first round. */
export function roundBeforeBlock(run: MixtureRun, { model }: Worker): string | null {
  if (!run.roundBefore) return null
  const { numbered, boundary } = run.roundBefore
  return draftBlock({ ...run, boundary }, layerPrompt, { numbered, aggregate: { model }, fit: 1 })
}
