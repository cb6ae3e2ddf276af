import { partsOf, targetsOf } from './check-cycles.ts'
import type { Config } from './config.ts'

/** The ids of the single models that may be asked where `id` is: those in a mixture or the router, or the model itself. */
export function modelsWithin(
  id: string,
  { mixtures, router }: Pick<Config, 'mixtures' | 'router'>,
): ReadonlySet<string> {
  const seen = new Set<string>()
  const models = new Set<string>()
  const visit = (each: string): void => {
    if (seen.has(each)) return
    seen.add(each)
    const mixture = mixtures.find(({ name }) => name === each)
    if (mixture) partsOf(mixture).forEach(visit)
    else if (each === 'router' && router) targetsOf(router, mixtures).forEach(visit)
    else models.add(each)
  }
  visit(id)
  return models
}
