import { defaultMixturePrompts } from '../mixture/mixture-prompts.ts'
import { defaultRouterPrompts } from '../router/router-prompts.ts'

export interface DefaultPrompt {
  /** As in the config: `mixture.aggregate`, `router.choose`. */
  readonly name: string
  readonly text: string
}

/** Every prompt that a config may replace, as it stands where the config does not. */
export function defaultPrompts(): readonly DefaultPrompt[] {
  const named = (room: string, prompts: Readonly<Record<string, { readonly text: string }>>): DefaultPrompt[] =>
    Object.entries(prompts).map(([name, { text }]) => ({ name: `${room}.${name}`, text }))
  return [...named('mixture', defaultMixturePrompts), ...named('router', { ...defaultRouterPrompts() })]
}
