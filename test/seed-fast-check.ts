/** With a seed of `npm run matrix`, generated cases are those of the seed; without one they are others in every run. */
import { isSeeded, seed } from './seed.ts'

if (isSeeded) {
  const fc = await import('fast-check')
  fc.configureGlobal({ seed })
}
