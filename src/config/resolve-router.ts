import type { MixtureConfig, RouterConfig } from './config.ts'
import { routerDefaults } from '../router/router-defaults.ts'
import { composeId, type RouteRule } from '../router/rules.ts'
import type { RouterFile } from './config-file.ts'
import { known } from './known.ts'
import type { Resolution } from './resolve-mixtures.ts'

const path = ['router'] as const

/** @returns what the router does; the mixtures are needed to know whether it has anything to choose by */
export function resolveRouter(
  written: RouterFile,
  mixtures: readonly MixtureConfig[],
  resolution: Resolution,
): RouterConfig {
  const { book, templates, problems } = resolution
  const { compose, prompts = {} } = written
  const hasChoice = mixtures.some(({ description }) => description !== undefined) || compose !== undefined
  if (written.model !== undefined && !hasChoice && written.default === undefined) {
    problems.add([...path, 'model'], 'no mixture has a description, so there is nothing to choose by; describe one')
  }
  return {
    rules: (written.rules ?? []).map((rule, index) => resolveRule(rule, index, resolution)),
    deadlineMs: written.deadline_ms ?? routerDefaults.deadlineMs,
    loopGuard: { callsPerMinute: written.loop_guard?.calls_per_minute ?? routerDefaults.callsPerMinute },
    prompts: {
      ...(prompts.choose === undefined
        ? {}
        : { choose: templates.read(prompts.choose, [...path, 'prompts', 'choose']) }),
      ...(prompts.compose === undefined
        ? {}
        : { compose: templates.read(prompts.compose, [...path, 'prompts', 'compose']) }),
    },
    ...(written.model === undefined ? {} : { model: book.resolve(written.model, [...path, 'model']) }),
    ...(written.default === undefined ? {} : { default: book.resolveId(written.default, [...path, 'default']) }),
    ...(written.side_model === undefined
      ? {}
      : { sideModel: book.resolve(written.side_model, [...path, 'side_model']) }),
    ...(compose === undefined ? {} : { compose: resolveCompose(compose, resolution) }),
  }
}

function resolveCompose(
  { pool, min_workers: minWorkers = 1, max_workers: maxWorkers = 3 }: NonNullable<RouterFile['compose']>,
  { book, problems }: Resolution,
): NonNullable<RouterConfig['compose']> {
  if (minWorkers > maxWorkers) {
    problems.add([...path, 'compose', 'min_workers'], `must not be over max_workers, which is ${maxWorkers}`)
  }
  return {
    pool: pool.map((id, index) => book.resolveId(id, [...path, 'compose', 'pool', index])),
    minWorkers,
    maxWorkers,
  }
}

function resolveRule(
  { when, use }: NonNullable<RouterFile['rules']>[number],
  index: number,
  { book, problems }: Resolution,
): RouteRule {
  const at = [...path, 'rules', index]
  const { min_length: minLength, max_length: maxLength, headers, ...conditions } = when
  if (conditions.matches !== undefined && !isPattern(conditions.matches)) {
    problems.add([...at, 'when', 'matches'], 'is not a regular expression that can be read')
  }
  const lowerCased =
    headers && Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    when: known({ ...conditions, minLength, maxLength, headers: lowerCased }),
    use: use === composeId ? use : book.resolveId(use, [...at, 'use']),
  }
}

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'iu')
    return true
  } catch {
    return false
  }
}
