/** The commands that look without asking anybody: what a config means, which ids there are, what the prompts say. */
import { budgetWarnings } from '../catalog/budget-warnings.ts'
import { createCatalog } from '../catalog/create-catalog.ts'
import { createEngines } from '../catalog/engines.ts'
import { ConfigError } from '../chat/errors.ts'
import { describeConfig } from '../config/describe-config.ts'
import { defaultPrompts } from '../catalog/default-prompts.ts'
import type { OpenedConfig } from './open-config.ts'
import type { Terminal } from './terminal.ts'

/** Builds everything that `start` would build, so that whatever is wrong is said now. */
export function check({ config, warnings }: OpenedConfig, terminal: Terminal): void {
  const catalog = createCatalog(config, createEngines())
  terminal.out(`${describeConfig(config)}\n`)
  for (const warning of [...warnings, ...budgetWarnings(config, catalog)])
    terminal.err(`${terminal.style.yellow('warning')} ${warning}\n`)
}

export function listModels({ config }: OpenedConfig, terminal: Terminal): void {
  const models = createCatalog(config, createEngines()).list()
  const width = Math.max(...models.map(({ id }) => id.length))
  for (const { id, card } of models) {
    terminal.out(`${id.padEnd(width)}  ${card.kind.padEnd(7)}  ${card.description ?? ''}\n`)
  }
}

export function printPrompts(name: string | undefined, terminal: Terminal): void {
  const prompts = defaultPrompts()
  const wanted = name === undefined ? prompts : prompts.filter((prompt) => prompt.name === name)
  if (wanted.length === 0) {
    const known = prompts.map((prompt) => prompt.name).join(', ')
    throw new ConfigError(`There is no prompt "${name ?? ''}"; there are ${known}.`)
  }
  for (const prompt of wanted) terminal.out(`# ${prompt.name}\n\n${prompt.text.trim()}\n\n`)
}
