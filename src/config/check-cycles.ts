import { deepestNest } from '../chat/mixture-limits.ts'
import type { MixtureConfig, RouterConfig } from './config.ts'
import type { ConfigPath, Problems } from './problems.ts'

/** Refuses mixtures that contain themselves, through one another or through the router, and nests that are too deep. */
export function checkCycles(mixtures: readonly MixtureConfig[], router: RouterConfig | null, problems: Problems): void {
  const parts = new Map(mixtures.map((mixture) => [mixture.name, partsOf(mixture)]))
  if (router) parts.set('router', targetsOf(router, mixtures))
  mixtures.forEach(({ name }, index) => {
    const chain = longestChain(name, parts, [])
    const path = ['mixtures', index]
    const isCycle = chain.at(-1) === name && chain.length > 1
    if (isCycle) problems.add(path, `contains itself: ${chain.join(' -> ')}`)
    else if (new Set(chain).size === chain.length) refuseDeep(chain, path, problems)
  })
  router?.compose?.pool.forEach((id, index) => {
    if (parts.has(id))
      refuseDeep(['plan', ...longestChain(id, parts, [])], ['router', 'compose', 'pool', index], problems)
  })
}

function refuseDeep(chain: readonly string[], path: ConfigPath, problems: Problems): void {
  if (chain.length <= deepestNest) return
  problems.add(path, `is nested ${chain.length} deep, more than ${deepestNest}: ${chain.join(' -> ')}`)
}

/** The mixtures that ask the router, themselves or through others: it cannot hand on to them. */
export function mixturesAroundRouter(mixtures: readonly MixtureConfig[]): ReadonlySet<string> {
  const parts = new Map(mixtures.map((mixture) => [mixture.name, partsOf(mixture)]))
  const asksRouter = (name: string): boolean =>
    (parts.get(name) ?? []).some((part) => part === 'router' || asksRouter(part))
  return new Set([...parts.keys()].filter(asksRouter))
}

/** The ids that a mixture names. */
export function partsOf({ workers, aggregate, aggregateFallbacks }: MixtureConfig): string[] {
  return [...workers.map(({ model }) => model), aggregate.model, ...aggregateFallbacks]
}

/** The router may hand on to every described mixture, and to what its config names. */
export function targetsOf(router: RouterConfig, mixtures: readonly MixtureConfig[]): string[] {
  const offered = mixtures.filter(({ description }) => description !== undefined).map(({ name }) => name)
  const named = [router.default, router.model, router.sideModel].filter((id) => id !== undefined)
  return [...offered, ...named, ...router.rules.map(({ use }) => use), ...(router.compose?.pool ?? [])]
}

/** The longest way down through mixtures and the router; it ends where it meets a name again. */
function longestChain(name: string, parts: ReadonlyMap<string, readonly string[]>, above: readonly string[]): string[] {
  const chain = [...above, name]
  if (above.includes(name)) return chain
  const nested = (parts.get(name) ?? []).filter((part) => parts.has(part))
  const chains = nested.map((part) => longestChain(part, parts, chain))
  const returning = chains.find((each) => each.at(-1) === chain[0])
  return returning ?? chains.toSorted((a, b) => b.length - a.length)[0] ?? chain
}
