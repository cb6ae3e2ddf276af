import { describe, expect, it } from 'vitest'
import { describeConfig } from './describe-config.ts'
import { parseConfig } from './parse-config.ts'
import { type FoundUpstream, proposeConfig } from './propose-config.ts'

const ollama: FoundUpstream = {
  id: 'ollama',
  kind: 'openai',
  baseUrl: 'http://127.0.0.1:11434/v1',
  models: ['qwen3:8b', 'phi4'],
}
const hosted: FoundUpstream = {
  id: 'openai',
  kind: 'openai',
  baseUrl: 'https://api.openai.com/v1',
  apiKeyVariable: 'OPENAI_API_KEY',
  models: ['gpt-5.5', 'phi4'],
}

describe('a proposal', () => {
  it('mixes models of different servers and says what was found', () => {
    const { config, warnings } = proposeConfig([ollama, hosted], { OPENAI_API_KEY: 'sk-1' })
    expect(config.origin).toContain('ollama (2 models), openai (2 models)')
    expect(config.mixtures.map(({ name, strategy }) => [name, strategy])).toEqual([
      ['generic', 'synthesize'],
      ['facts', 'vote'],
    ])
    expect(config.mixtures[0]?.workers.map(({ model }) => model)).toEqual(['qwen3:8b', 'gpt-5.5', 'phi4'])
    expect([...config.models.keys()]).toEqual(['qwen3:8b', 'phi4', 'gpt-5.5', 'openai/phi4'])
    expect(config.upstreams.get('openai')).toMatchObject({ apiKey: 'sk-1' })
    expect(config.router).toMatchObject({ model: 'qwen3:8b', default: 'generic' })
    expect(warnings).toEqual([])
  })

  it('mixes hosted models of any kind', () => {
    const found: FoundUpstream[] = [
      {
        ...hosted,
        id: 'anthropic',
        kind: 'anthropic',
        apiKeyVariable: 'ANTHROPIC_API_KEY',
        models: ['claude-sonnet-5'],
      },
      { ...hosted, id: 'google', kind: 'google', apiKeyVariable: 'GEMINI_API_KEY', models: ['gemini-3.5-flash'] },
    ]
    const { config } = proposeConfig(found, { ANTHROPIC_API_KEY: 'a', GEMINI_API_KEY: 'g' })
    expect(
      [...config.upstreams.values()].map((upstream) => [upstream.kind, 'apiKey' in upstream && upstream.apiKey]),
    ).toEqual([
      ['anthropic', 'a'],
      ['google', 'g'],
    ])
    expect(config.mixtures[0]?.workers.map(({ model }) => model)).toEqual(['claude-sonnet-5', 'gemini-3.5-flash'])
  })

  it('makes a mixture of one model by asking it several times', () => {
    const { config } = proposeConfig([{ ...ollama, models: ['phi4'] }], {})
    expect(config.mixtures.map(({ workers }) => workers[0]?.samples)).toEqual([2, 3])
  })

  it('passes over servers without models', () => {
    expect(proposeConfig([{ ...ollama, models: [] }], {}).config.origin).toContain('simulated demo')
  })

  it('is the simulated demo where nothing was found, and every model of it is simulated', () => {
    const { config } = proposeConfig([], {})
    expect([...config.upstreams.values()].every(({ kind }) => kind === 'simulated')).toBe(true)
    expect([...config.models.values()].every(({ description }) => description?.startsWith('Simulated') === true)).toBe(
      true,
    )
    expect(config.router?.compose?.pool).toHaveLength(4)
  })
})

describe('describeConfig', () => {
  const text = `
upstreams:
  up: { kind: openai, base_url: "http://user:canary-user@host/v1", api_key: canary-key, headers: { x: canary-header }, quirks: [system_first], max_concurrency: 1 }
  claude: { kind: anthropic, base_url: "http://canary:canary@there", api_key: canary }
  gemini: { kind: google }
  rock: { kind: ai-sdk, package: "@ai-sdk/amazon-bedrock", options: { region: canary, secretAccessKey: canary } }
models: [{ id: a, upstream: up, name: theirs, price: { input: 1, output: 2 } }]
mixtures: [{ name: m, aggregate: a, workers: [{ model: a, samples: 2 }], quorum: 1 }, { name: d, description: Good., aggregate: a }]
router: { model: a, default: m, rules: [{ when: { tools: true }, use: m }], compose: { pool: [a] } }`
  const said = describeConfig(parseConfig({ text, path: 'config.yaml', env: {} }).config)

  it('says what a config means', () => {
    expect(said).toContain('a: on up as theirs, $1 in / $2 out per million tokens')
    expect(said).toContain('m: synthesize, a x2 -> a, quorum 1 (no description: the router does not offer it)')
    expect(said).toContain('rule: {"tools":true} -> m')
    expect(said).toContain('loop guard: over 60 mixture calls of one conversation a minute go to a single model')
    expect(said).toContain('key set, quirks system_first, at most 1 at a time')
  })

  it('says of each kind of upstream how it is reached', () => {
    expect(said).toContain('claude: anthropic at http://there/, key set')
    expect(said).toContain('gemini: google, key not set')
    expect(said).toContain('rock: ai-sdk, the package @ai-sdk/amazon-bedrock with the options region, secretAccessKey')
  })

  it('shows no secret', () => {
    expect(said).not.toContain('canary')
  })
})
