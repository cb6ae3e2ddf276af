import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../chat/errors.ts'
import { promptNames, strategyNames } from '../mixture/strategies/strategies.ts'
import { describeConfig } from './describe-config.ts'
import type { Environment } from './expand-variables.ts'
import { parseConfig, type ParsedConfig } from './parse-config.ts'

const root = new URL('../../', import.meta.url)

function parse(text: string, env: Environment = {}): ParsedConfig {
  return parseConfig({ text, path: '/somewhere/config.yaml', env })
}

function problems(text: string, env: Environment = {}): string[] {
  try {
    parse(text, env)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message.split('\n')
  }
}

const two = `
upstreams:
  up: { kind: openai, base_url: "http://localhost:9/v1" }
models:
  - { id: a, upstream: up }
  - { id: b, upstream: up }
`

describe('the old form', () => {
  const { config } = parse(readFileSync(new URL('examples/config/seed.yaml', root), 'utf8'))

  it('makes every model that is named addressable by its name', () => {
    expect([...config.models.keys()].sort()).toEqual(['deepseek-coder', 'mistral-7b', 'phi-3', 'qwen2-7b'])
  })

  it('makes one upstream per server and key, with the usual defaults', () => {
    expect([...config.upstreams.keys()]).toEqual(['localhost:1234', 'localhost:11434'])
    expect(config.upstreams.get('localhost:1234')).toMatchObject({
      kind: 'openai',
      baseUrl: 'http://localhost:1234/v1',
      apiKey: 'not-needed',
    })
  })

  it('keeps the order and meaning of mixtures', () => {
    expect(config.mixtures.map(({ name, workers }) => [name, workers.map(({ model }) => model)])).toEqual([
      ['generic', ['qwen2-7b', 'mistral-7b', 'phi-3']],
      ['coder', ['deepseek-coder', 'qwen2-7b']],
      ['plain', []],
    ])
    expect(config.mixtures[2]?.description).toBeUndefined()
    expect(config.router?.model).toBe('phi-3')
  })

  it('defaults to the server of LM Studio and a placeholder for the key', () => {
    const parsed = parse('mixtures: [{ name: m, aggregate: { name: x }, workers: [y] }]').config
    expect([...parsed.upstreams.values()]).toMatchObject([{ baseUrl: 'http://localhost:1234/v1', apiKey: 'none' }])
    expect(parsed.router).toBeNull()
  })

  it('keeps two keys for one server apart', () => {
    const server = 'base_url: "http://one:1/v1"'
    const text = `mixtures: [{ name: m, aggregate: { name: x, ${server}, api_key: k1 }, workers: [{ name: y, ${server}, api_key: k2 }] }]`
    expect([...parse(text).config.upstreams.values()]).toMatchObject([
      { id: 'one:1', apiKey: 'k1' },
      { id: 'one:1-2', apiKey: 'k2' },
    ])
  })

  it('keeps two models of one name on two servers apart', () => {
    const text = `
mixtures:
  - name: m
    aggregate: { name: x, base_url: "http://one:1/v1" }
    workers: [{ name: x, base_url: "http://two:2/v1" }, { name: x, base_url: "http://one:1/v1" }]`
    const { models, mixtures } = parse(text).config
    expect([...models.values()].map(({ id, upstream, name }) => [id, upstream, name])).toEqual([
      ['x', 'one:1', 'x'],
      ['two:2/x', 'two:2', 'x'],
    ])
    expect(mixtures[0]?.workers.map(({ model }) => model)).toEqual(['two:2/x', 'x'])
  })
})

describe('the extended form', () => {
  it('is what the example says', () => {
    const text = readFileSync(new URL('config.example.yaml', root), 'utf8')
    const { config, warnings } = parseConfig({ text, path: join(root.pathname, 'config.example.yaml'), env: {} })
    expect(warnings).toEqual([])
    expect(config.mixtures[0]).toMatchObject({
      name: 'generic',
      strategy: 'synthesize',
      quorum: 2,
      workers: [{ model: 'qwen', samples: 2 }, { model: 'mistral', weight: 0.5 }, { model: 'phi-4' }],
      aggregateFallbacks: ['qwen'],
      budget: { maxCalls: 8, maxCostUsd: 0.05, onBudget: 'shrink' },
    })
    expect(config.models.get('big')).toMatchObject({
      price: { input: 1.25, output: 10, cachedInput: 0.125 },
      systemPrompt: { mode: 'append', template: { text: 'Answer briefly.' } },
    })
    expect(config.models.get('here')).toMatchObject({ upstream: 'here' })
    expect(config.router).toMatchObject({
      model: 'qwen',
      default: 'generic',
      sideModel: 'qwen',
      compose: { maxWorkers: 3 },
      loopGuard: { callsPerMinute: 60 },
    })
  })

  it('reads how often one conversation may wake a mixture, 0 for as often as it likes', () => {
    const guarded = (calls: string): string =>
      `${two}mixtures: [{ name: m, aggregate: a }]\nrouter: { default: m, loop_guard: { calls_per_minute: ${calls} } }`
    expect(parse(guarded('5')).config.router?.loopGuard).toEqual({ callsPerMinute: 5 })
    expect(parse(guarded('0')).config.router?.loopGuard).toEqual({ callsPerMinute: 0 })
    expect(problems(guarded('-1'))).toEqual([expect.stringContaining('router.loop_guard.calls_per_minute')])
  })

  it('fills in the defaults', () => {
    const { config } = parse(`${two}mixtures: [{ name: m, aggregate: a, workers: [b] }]`)
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8000, modelPrefix: 'mollmr/', corsOrigins: ['*'] })
    expect(config.server.overrides).toEqual(['mixture', 'workers', 'aggregate', 'strategy', 'quorum', 'budget'])
    expect(parse(`${two}server: { overrides: [] }`).config.server.overrides).toEqual([])
    expect(problems(`${two}server: { overrides: [worker] }`)).toEqual([expect.stringContaining('server.overrides[0]')])
    expect(config.mixtures[0]).toMatchObject({
      graceMs: 3000,
      maxDraftCharacters: 12_000,
      workerDeadline: { firstContentMs: 30_000, idleMs: 20_000, totalMs: 60_000 },
      deadline: { totalMs: 120_000 },
      workers: [{ model: 'b', samples: 1, weight: 1 }],
    })
  })

  it('knows every strategy and every prompt of a mixture', () => {
    const prompts = JSON.stringify(Object.fromEntries(promptNames.map((name) => [name, '{{ drafts }}'])))
    for (const strategy of strategyNames) {
      const text = `${two}mixtures: [{ name: m, aggregate: a, workers: [b], strategy: ${strategy}, prompts: ${prompts} }]`
      const [mixture] = parse(text).config.mixtures
      expect([mixture?.strategy, Object.keys(mixture?.prompts ?? {})]).toEqual([strategy, [...promptNames]])
    }
    const wrong = `${two}mixtures: [{ name: m, aggregate: a, strategy: votes, prompts: { agregate: x } }]`
    expect(problems(wrong).join('\n')).toMatch(/synthesize[^]*did you mean "aggregate"/)
  })

  it('takes upstreams of every kind; a provider is no model by itself', () => {
    const { config } = parse(
      `
upstreams:
  claude: { kind: anthropic, api_key: "\${KEY}" }
  gemini: { kind: google, base_url: "http://localhost:9", headers: { x: y }, max_retries: 0 }
  rock: { kind: ai-sdk, package: "@ai-sdk/amazon-bedrock", options: { region: eu-west-1, deep: { key: "\${KEY}" } } }
  ours: { kind: ai-sdk, package: ./ours.mjs, factory: createOurs }
  demo: { kind: simulated }
models: [{ id: a, upstream: claude }]
mixtures: [{ name: m, aggregate: a }]`,
      { KEY: 'k' },
    )
    expect([...config.upstreams.values()].slice(0, 4)).toEqual([
      { kind: 'anthropic', id: 'claude', apiKey: 'k', headers: {}, maxRetries: 2 },
      {
        kind: 'google',
        id: 'gemini',
        apiKey: 'none',
        baseUrl: 'http://localhost:9',
        headers: { x: 'y' },
        maxRetries: 0,
      },
      {
        kind: 'ai-sdk',
        id: 'rock',
        package: '@ai-sdk/amazon-bedrock',
        options: { region: 'eu-west-1', deep: { key: 'k' } },
        maxRetries: 2,
      },
      { kind: 'ai-sdk', id: 'ours', package: './ours.mjs', factory: 'createOurs', options: {}, maxRetries: 2 },
    ])
    expect([...config.models.keys()]).toEqual(['a', 'demo'])
  })

  it('may have models alone, and a router that chooses among them', () => {
    const { config } = parse(`${two}router: { default: a }`)
    expect(config.mixtures).toEqual([])
    expect(config.router?.default).toBe('a')
    expect(describeConfig(config)).toContain('mixtures\n  none\n')
  })

  it('is frozen to the bottom, and its version changes with its meaning alone', () => {
    const text = `${two}mixtures: [{ name: m, aggregate: a, workers: [b] }]`
    const { config } = parse(text)
    expect(Object.isFrozen(config.mixtures[0]?.workers[0]?.params)).toBe(true)
    expect(Object.isFrozen(config.models.get('a')?.modalities)).toBe(true)
    expect(parse(`# a comment\n${text}`).config.version).toBe(config.version)
    expect(parse(text.replace('workers: [b]', 'workers: [a]')).config.version).not.toBe(config.version)
  })

  it('lets workers be mixtures or the router', () => {
    const text = `${two}
mixtures:
  - { name: outer, aggregate: a, workers: [inner, b] }
  - { name: inner, description: x, aggregate: a, workers: [b] }
  - { name: asks, aggregate: a, workers: [router] }
router: { default: inner }`
    expect(problems(text)).toEqual([])
  })
})

describe('what is wrong is said with file, line, column, path and a way out', () => {
  const cases: [name: string, text: string, said: string][] = [
    [
      'an unknown key',
      `${two}mixtures:\n  - name: m\n    aggregate: a\n    quorom: 2`,
      'config.yaml:10:5 mixtures[0].quorom: unknown key, did you mean "quorum"?',
    ],
    [
      'an unknown key of a worker',
      `${two}mixtures: [{ name: m, aggregate: a, workers: [{ model: b, wieght: 2 }] }]`,
      'config.yaml:7:59 mixtures[0].workers[0].wieght: unknown key, did you mean "weight"?',
    ],
    [
      'a wrong type',
      'mixtures: [{ name: m, aggregate: a, quorum: two }]',
      'config.yaml:1:37 mixtures[0].quorum: expected number, received string',
    ],
    ['a missing key', 'mixtures: [{ name: m }]', 'config.yaml:1:12 mixtures[0].aggregate: is missing'],
    ['no model', 'server: { port: 1 }', 'config.yaml:1:1: names no model: write `models` or `mixtures`'],
    ['an empty file', '', 'config.yaml:1:1: names no model: write `models` or `mixtures`'],
    ['broken YAML', 'mixtures: [', 'config.yaml:1:12:'],
    ['a key twice', 'mixtures: []\nmixtures: []', 'config.yaml:2:1: Map keys must be unique'],
    [
      'an unknown model',
      `${two}mixtures: [{ name: m, aggregate: aa }]`,
      'config.yaml:7:23 mixtures[0].aggregate: there is no model or mixture "aa", did you mean "a"?',
    ],
    [
      'an unknown upstream',
      `${two}  - { id: c, upstream: pu }`,
      'config.yaml:7:14 models[2].upstream: there is no upstream "pu", did you mean "up"?',
    ],
    [
      'a quirk that is not there',
      'upstreams: { x: { kind: openai, base_url: "http://h/v1", quirks: [system_role, systemrole] } }\nmixtures: []',
      'config.yaml:1:80 upstreams.x.quirks[1]: must be one of max_completion_tokens, max_tokens, system_role',
    ],
    [
      'a kind that is not there',
      'upstreams: { x: { kind: cohere } }\nmixtures: []',
      'config.yaml:1:19 upstreams.x.kind: kind must be one of openai, anthropic, google, ai-sdk, local, simulated',
    ],
    [
      'a strategy that is not there',
      `${two}mixtures: [{ name: m, aggregate: a, strategy: debate }]`,
      'expected one of "synthesize"|"select"|"vote"',
    ],
    [
      'a mixture in itself',
      `${two}mixtures: [{ name: m, aggregate: a, workers: [m] }]`,
      'config.yaml:7:12 mixtures[0]: contains itself: m -> m',
    ],
    [
      'mixtures in one another',
      `${two}mixtures:\n  - { name: x, aggregate: a, workers: [y] }\n  - { name: y, aggregate: x }`,
      'mixtures[0]: contains itself: x -> y -> x',
    ],
    [
      'a mixture in the router in the mixture',
      `${two}mixtures: [{ name: m, description: d, aggregate: a, workers: [router] }]\nrouter: {}`,
      'contains itself: m -> router -> m',
    ],
    [
      'a nest that is too deep',
      `${two}mixtures: [{ name: m1, aggregate: m2 }, { name: m2, aggregate: m3 }, { name: m3, aggregate: m4 }, { name: m4, aggregate: a }]`,
      'is nested 4 deep, more than 3: m1 -> m2 -> m3 -> m4',
    ],
    [
      'a plan that would be a nest too deep',
      `${two}mixtures: [{ name: m1, aggregate: m2 }, { name: m2, aggregate: m3 }, { name: m3, aggregate: a }]\nrouter: { compose: { pool: [a, m1] } }`,
      'router.compose.pool[1]: is nested 4 deep, more than 3: plan -> m1 -> m2 -> m3',
    ],
    [
      'two mixtures of one name',
      `${two}mixtures: [{ name: m, aggregate: a }, { name: m, aggregate: b }]`,
      'there are two mixtures "m"; rename one',
    ],
    ['two models of one id', `${two}  - { id: a, upstream: up }`, 'there are two models "a"; rename one'],
    [
      "a model with a mixture's name",
      `${two}mixtures: [{ name: a, aggregate: b }]`,
      '"a" is the id of a mixture already; rename the model',
    ],
    [
      'a mixture called router',
      `${two}mixtures: [{ name: router, aggregate: b }]`,
      '"router" has a meaning of its own',
    ],
    [
      'both model and name',
      `${two}mixtures: [{ name: m, aggregate: { model: a, name: b } }]`,
      'needs either "model" (an id) or "name" (with base_url)',
    ],
    [
      'a quorum out of reach',
      `${two}mixtures: [{ name: m, aggregate: a, workers: [b], quorum: 2 }]`,
      'a quorum of 2 can never be reached with 1 calls to workers',
    ],
    [
      'too many workers',
      `${two}mixtures: [{ name: m, aggregate: a, workers: [{ model: b, samples: 17 }] }]`,
      '17 calls to workers are more than 16; take fewer, or raise max_workers',
    ],
    [
      'a router with nothing to choose by',
      `${two}mixtures: [{ name: m, aggregate: a }]\nrouter: { model: b }`,
      'no mixture has a description',
    ],
    [
      'a pattern that cannot be read',
      `${two}mixtures: [{ name: m, aggregate: a }]\nrouter: { default: m, rules: [{ when: { matches: "(" }, use: m }] }`,
      'router.rules[0].when.matches: is not a regular expression',
    ],
    [
      'a URL that is none',
      'mixtures: [{ name: m, aggregate: { name: x, base_url: "localhost:1234" } }]',
      'must be an http or https URL',
    ],
    [
      'a prompt file that is not there',
      `${two}mixtures: [{ name: m, aggregate: a, prompts: { aggregate: ./nope.md } }]`,
      'mixtures[0].prompts.aggregate: there is no file /somewhere/nope.md',
    ],
    [
      'an unset variable',
      `${two}mixtures: [{ name: m, aggregate: "\${MODEL}" }]`,
      'config.yaml:7:23 mixtures[0].aggregate: the environment variable MODEL is not set',
    ],
  ]

  it.each(cases)('%s', (_name, text, said) => {
    expect(problems(text).join('\n')).toContain(said)
  })

  it('all at once, in the order of the file', () => {
    const found = problems(
      `server: { prt: 1 }\n${two}mixtures: [{ name: m, aggregate: { model: a, prams: {} } }, { nme: x, aggregate: a }]`,
    )
    expect(found.map((line) => line.split(':')[1])).toEqual(['1', '8', '8', '8'])
  })

  it('with the line of any key that is mistyped', () => {
    const lines = readFileSync(new URL('config.example.yaml', root), 'utf8').split('\n')
    const typed = lines.flatMap((line, index) => (/^ {2,4}(- )?[a-z_]{4,}:( |$)/.test(line) ? [index] : []))
    fc.assert(
      fc.property(fc.constantFrom(...typed), fc.nat(3), (index, at) => {
        const line = lines[index] ?? ''
        const [, head = '', key = ''] = /^( +(?:- )?)([a-z_]+):/.exec(line) ?? []
        // Keys of maps whose keys are free names cannot be mistyped.
        if (['lmstudio', 'ollama', 'openai', 'claude', 'here', 'demo'].includes(key)) return
        const cut = Math.min(at, key.length - 1)
        const wrong = `${key.slice(0, cut)}zz${key.slice(cut + 1)}`
        const text = lines.with(index, `${head}${wrong}${line.slice(head.length + key.length)}`).join('\n')
        expect(problems(text).join('\n')).toContain(`config.yaml:${index + 1}:${head.length + 1} `)
      }),
    )
  })

  it('whatever the YAML is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify({ mixtures: value, router: value })),
        ),
        (text) => {
          expect(problems(text).every((line) => line !== '')).toBe(true)
        },
      ),
    )
  })

  it('but warns of a package where the lossless path is open', () => {
    const text = `
upstreams: { groq: { kind: ai-sdk, package: "@ai-sdk/groq" }, rock: { kind: ai-sdk, package: "@ai-sdk/amazon-bedrock" } }
models: [{ id: a, upstream: groq }]
mixtures: [{ name: m, aggregate: a }]`
    expect(parse(text).warnings).toEqual([
      expect.stringContaining(
        'upstream "groq" speaks the OpenAI API: with kind: openai and base_url: https://api.groq.com',
      ),
    ])
  })

  it('but warns of many workers', () => {
    expect(parse(`${two}mixtures: [{ name: m, aggregate: a, workers: [{ model: b, samples: 7 }] }]`).warnings).toEqual([
      'mixture "m" has 7 workers: published gains flatten after 3, the cost does not',
    ])
  })
})

describe('how long and for how many a mixture waits', () => {
  const mixture = (knobs: string): string => `${two}mixtures: [{ name: m, aggregate: a, workers: [a, b], ${knobs} }]`

  it('is what it says', () => {
    expect(parse(mixture('early: true, min_workers: 2')).config.mixtures[0]).toMatchObject({
      graceMs: 0,
      minWorkers: 2,
    })
    expect(parse(mixture('early: false')).config.mixtures[0]).toMatchObject({ graceMs: 3000, minWorkers: 1 })
  })

  it('is wrong where it can never be, or is said twice', () => {
    expect(problems(mixture('min_workers: 3')).join()).toContain('3 drafts can never be had of 2 calls to workers')
    expect(problems(mixture('early: true, grace_ms: 5')).join()).toContain('mixtures[0].early: means a grace of 0')
  })
})

describe('variables', () => {
  const text = 'mixtures: [{ name: m, aggregate: { name: x, api_key: "Bearer ${KEY:-none of it}!" } }]'

  it('are replaced anywhere in a string, with their default where they are not set or empty', () => {
    const keyOf = (env: Environment): unknown =>
      [...parse(text, env).config.upstreams.values()].map((up) => up.kind === 'openai' && up.apiKey)[0]
    expect(keyOf({ KEY: 'abc' })).toBe('Bearer abc!')
    expect(keyOf({})).toBe('Bearer none of it!')
    expect(keyOf({ KEY: '' })).toBe('Bearer none of it!')
  })

  it('never show their value in a message', () => {
    const env = { SECRET: 'sk-canary-0123456789' }
    const wrong = `
upstreams:
  up: { kind: openai, base_url: "\${SECRET}", api_key: "\${SECRET}", headers: { x: "\${SECRET}" }, max_retries: "\${SECRET}" }
mixtures: [{ name: m, aggregate: { name: x, api_key: "\${SECRET}" }, quorum: "\${SECRET}" }]`
    const found = problems(wrong, env)
    expect(found.length).toBeGreaterThan(2)
    expect(found.join('\n')).not.toContain('canary')
  })
})

describe('templates', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mollmr-config-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it('are texts, or files beside the config, and know where they are from', () => {
    writeFileSync(join(folder, 'aggregate.md'), 'Merge: {{ drafts }}')
    const text = `${two}mixtures:\n  - name: m\n    aggregate: a\n    system_prompt: { replace: "Be kind." }\n    prompts: { aggregate: ./aggregate.md }`
    const { config, files } = parseConfig({ text, path: join(folder, 'config.yaml'), env: {} })
    expect(config.mixtures[0]).toMatchObject({
      prompts: { aggregate: { text: 'Merge: {{ drafts }}', origin: 'aggregate.md' } },
      systemPrompt: { mode: 'replace', template: { text: 'Be kind.', origin: 'config.yaml:10' } },
    })
    expect(files).toEqual([join(folder, 'aggregate.md')])
  })
})
