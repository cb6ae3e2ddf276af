import { numberDrafts } from '../block/draft-block.ts'
import { createBoundary } from '../block/fence.ts'
import { gatherDrafts } from './gather-drafts.ts'
import type { MixtureRun } from '../mixture-run.ts'

/**
 * Goes through all rounds of a mixture but the last: in each, all workers write drafts in view of those of the round
 * before. The run that comes back is that of the last round, which belongs to the strategy.
 *
 * Layers are those of mixture of agents (arXiv 2406.04692).
 *
 * @throws MixtureError as `gatherDrafts` does, where no draft of the first round is usable
 */
export async function passEarlierRounds(
  run: MixtureRun,
  randomBytes: (size: number) => Uint8Array,
): Promise<MixtureRun> {
  let round = run
  for (let layer = 1; layer < run.mixture.layers; layer += 1) {
    const numbered = numberDrafts(round, await gatherDrafts(round))
    run.context.span.note('layer_done', { layer, drafts: numbered.length })
    round = { ...run, roundBefore: { layer, numbered, boundary: createBoundary(randomBytes) } }
  }
  return round
}
