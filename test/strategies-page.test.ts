import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { mostDrafts } from '../src/chat/mixture-limits.ts'
import { resolveMixture } from '../src/mixture/resolve-mixture.ts'
import { strategyNames } from '../src/mixture/strategies/strategies.ts'
import { createSayingModel } from '../src/testing/fake-model.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

const page = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const mixturesPage = page('docs/mixtures.md')
const examples = [...mixturesPage.matchAll(/^```yaml\n# (\w+)([^]*?)^```/gm)].map(
  ([, name = '', text]) => [name, `#${text}`] as const,
)

function strategiesIn(text: string): readonly string[] {
  const table = /^\| strategy \|[^]*?\n\n/m.exec(text)?.[0] ?? ''
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name)
}

describe('the pages', () => {
  it.each(['docs/strategies.md', 'docs/mixtures.md', 'README.md'])('%s lists every strategy, in one order', (path) => {
    expect(strategiesIn(page(path))).toEqual(strategyNames)
  })

  it('have an example of every strategy', () => {
    expect(examples.map(([name]) => name)).toEqual(strategyNames)
  })
})

describe('an example of docs/mixtures.md', () => {
  const running: RunningGateway[] = []

  afterAll(async () => {
    await Promise.all(running.map((gateway) => gateway.close()))
  })

  it.each(examples)('answers: %s', async (name, text) => {
    const gateway = await runConfig(text)
    running.push(gateway)
    const messages = [{ role: 'user', content: 'Which is more, 6 times 7 or 5 times 8?' }]
    const response = await gateway.chat({ model: name, messages })
    const { choices } = (await response.json()) as { readonly choices: readonly { message: { content: string } }[] }
    expect([response.status, response.headers.get('x-mollmr-degraded')]).toEqual([200, null])
    expect(choices[0]?.message.content.length).toBeGreaterThan(0)
    expect(gateway.traces[0]?.attributes['strategy']).toBe(name)
  })
})

describe('the defaults of docs/mixtures.md', () => {
  const [, table = ''] = /^## Defaults, and why\n\n([^]*)/m.exec(mixturesPage) ?? []
  const rows = [...table.matchAll(/^\| `(\w+)` \| (.+?) \| (.+?) \|$/gm)].map(([, key = '', value = '']) => [
    key,
    value,
  ])

  it('are those of the code', () => {
    const { deadline, budget, ...mixture } = resolveMixture({
      id: 'mix',
      workers: ['a', 'b', 'c'].map((id) => createSayingModel(id, '')),
      aggregate: createSayingModel('z', ''),
    })
    const six = Array.from({ length: 6 }, (_, index) => createSayingModel(`w${index}`, ''))
    const { quorum } = resolveMixture({ id: 'six', workers: six, aggregate: createSayingModel('z', '') })
    const values: Record<string, unknown> = {
      ...Object.fromEntries(Object.entries(mixture).map(([name, value]) => [snakeCase(name), value])),
      strategy: strategyNames[0],
      max_workers: mostDrafts,
      quorum: `${mixture.quorum} of 3, ${quorum} of 6: two thirds, rounded up`,
      worker_deadlines: Object.values(mixture.workers[0]?.deadline ?? {}).join(', '),
      deadlines: deadline.totalMs,
      budget: budget ?? 'none',
    }
    expect(rows).toHaveLength(18)
    expect(rows).toEqual(rows.map(([key = '']) => [key, String(values[key])]))
  })
})

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
