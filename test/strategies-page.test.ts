import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { strategyNames } from '../src/mixture/strategies/strategies.ts'
import { runConfig } from '../src/testing/run-config.ts'
import type { RunningGateway } from '../src/testing/run-gateway.ts'

const page = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const strategiesPage = page('docs/strategies.md')
const examples = [...strategiesPage.matchAll(/^```yaml\n# (\w+)([^]*?)^```/gm)].map(
  ([, name = '', text]) => [name, `#${text}`] as const,
)

function strategiesIn(text: string): readonly string[] {
  const table = /^\| strategy \|[^]*?\n\n/m.exec(text)?.[0] ?? ''
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name)
}

describe('the pages', () => {
  it.each(['docs/strategies.md', 'README.md'])('%s lists every strategy, in one order', (path) => {
    expect(strategiesIn(page(path))).toEqual(strategyNames)
  })

  it('have an example of every strategy', () => {
    expect(examples.map(([name]) => name)).toEqual(strategyNames)
  })
})

describe('an example of docs/strategies.md', () => {
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
