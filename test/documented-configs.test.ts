/** Every piece of config on a page is one that MoLLMR reads. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkFile } from '../src/config/check-file.ts'
import { expandVariables } from '../src/config/expand-variables.ts'
import { parseConfig } from '../src/config/parse-config.ts'
import { Problems } from '../src/config/problems.ts'
import { readYaml } from '../src/config/read-yaml.ts'

const root = new URL('../', import.meta.url)
const pages = ['README.md', ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
)
const blocks = pages.flatMap((path) =>
  [...readFileSync(new URL(path, root), 'utf8').matchAll(/^```yaml\n([^]*?)^```/gm)].map(
    ([, text = ''], index) => [path, index + 1, text] as const,
  ),
)

/** The settings of other programs stand on the pages, too. */
const ours = blocks.filter(([, , text]) => /^(server|upstreams|mixtures|router|keys):/m.test(text))

/** Whatever variable a page names is set. */
const env = new Proxy<Record<string, string>>({}, { get: () => 'a-key-of-sixteen-characters' })

describe('the config on', () => {
  it.each(ours)('%s, block %d', (path, _number, text) => {
    const [, upstream] = /^upstreams:\n {2}(\w+):/m.exec(text) ?? []
    const namesModels = /^(models|mixtures):/m.test(text)
    const whole = namesModels || !upstream ? text : `${text}models: [{ id: any, upstream: ${upstream} }]\n`
    if (namesModels || upstream) parseConfig({ text: whole, path, env })
    else {
      const { value, locate } = readYaml(whole, path)
      const problems = new Problems(path, locate)
      const file = checkFile(expandVariables(value, env, problems), problems)
      problems.throwIfAny()
      expect(file).not.toBeNull()
    }
  })

  it('every page that shows any is looked at', () => {
    const shown = new Set(ours.map(([path]) => path))
    for (const path of ['README.md', 'docs/configuration.md', 'docs/connect.md', 'docs/upstreams.md'])
      expect(shown).toContain(path)
  })
})
