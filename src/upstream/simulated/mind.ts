import type { Character } from './character.ts'
import type { Prompt } from './read-prompt.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Whoever answers a prompt: what was understood, by whom, and the chance that decides between equals. */
export interface Mind {
  readonly prompt: Prompt
  readonly character: Character
  readonly random: SeededRandom
}
