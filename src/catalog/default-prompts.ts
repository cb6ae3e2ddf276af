import { defaultAdviser } from '../mixture/tools/adviser.ts'
import { defaultRepair } from '../mixture/answer/repair.ts'
import { draftsPrompts } from '../mixture/strategies/strategies.ts'
import { defaultRouterPrompts } from '../router/router-prompts.ts'

export interface DefaultPrompt {
  /** As in the config: `mixture.aggregate`, `router.choose`. */
  readonly name: string
  readonly text: string
}

/** Every prompt that a config may replace, as it stands where the config does not. */
export function defaultPrompts(): readonly DefaultPrompt[] {
  return [
    ...draftsPrompts.map(({ name, template }) => ({ name: `mixture.${name}`, text: template.text })),
    { name: 'mixture.adviser', text: defaultAdviser.text },
    { name: 'mixture.repair', text: defaultRepair.text },
    ...Object.entries({ ...defaultRouterPrompts() }).map(([name, { text }]) => ({ name: `router.${name}`, text })),
  ]
}
