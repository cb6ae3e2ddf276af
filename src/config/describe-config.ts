import type { Config, KeyConfig, MixtureConfig, ModelConfig, RouterConfig, UpstreamConfig } from './config.ts'

/** What a config means, in words for a person. Of a key it says only whether it is set. */
export function describeConfig({ origin, server, upstreams, models, mixtures, router, keys }: Config): string {
  return [
    origin,
    '',
    `server    http://${server.host}:${server.port}, ids listed as "${server.modelPrefix}…"`,
    ...section('upstreams', [...upstreams.values()].map(describeUpstream)),
    ...section('models', [...models.values()].map(describeModel)),
    ...section('mixtures', mixtures.length > 0 ? mixtures.map(describeMixture) : ['none']),
    ...section('keys', keys.length > 0 ? keys.map(describeKey) : ['none: everybody who reaches the port may ask']),
    ...section('router', router ? describeRouter(router) : ['none: the id "router" is an error that says so']),
  ].join('\n')
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title, ...lines.map((line) => `  ${line}`)]
}

function describeUpstream(upstream: UpstreamConfig): string {
  const limit = upstream.maxConcurrency === undefined ? '' : `, at most ${upstream.maxConcurrency} at a time`
  return `${upstream.id}: ${whatIs(upstream)}${limit}`
}

function whatIs(upstream: UpstreamConfig): string {
  switch (upstream.kind) {
    case 'openai':
      return `openai at ${withoutUser(upstream.baseUrl)}, ${keyState(upstream.apiKey)}${quirksOf(upstream.quirks)}`
    case 'anthropic':
    case 'google': {
      const address = upstream.baseUrl === undefined ? '' : ` at ${withoutUser(upstream.baseUrl)}`
      return `${upstream.kind}${address}, ${keyState(upstream.apiKey)}`
    }
    case 'ai-sdk': {
      const names = Object.keys(upstream.options).join(', ')
      return `ai-sdk, the package ${upstream.package}${names === '' ? '' : ` with the options ${names}`}`
    }
    case 'local':
      return `local, ${upstream.gguf}`
    case 'simulated':
      return 'simulated, its answers are made up'
  }
}

function quirksOf(quirks: readonly string[]): string {
  return quirks.length === 0 ? '' : `, quirks ${quirks.join(', ')}`
}

function keyState(apiKey: string): string {
  return `key ${apiKey === 'none' || apiKey === '' ? 'not set' : 'set'}`
}

/** The address as it can be shown: user and password may stand in a URL. */
export function withoutUser(address: string): string {
  const url = new URL(address)
  url.username = ''
  url.password = ''
  return url.href
}

function describeModel({ id, upstream, name, description, price }: ModelConfig): string {
  const called = name === id ? '' : ` as ${name}`
  const costs = price ? `, $${price.input} in / $${price.output} out per million tokens` : ''
  return `${id}: on ${upstream}${called}${costs}${description === undefined ? '' : `. ${description}`}`
}

function describeMixture({ name, strategy, workers, aggregate, quorum, description }: MixtureConfig): string {
  const calls = workers.map(({ model, samples }) => (samples === 1 ? model : `${model} x${samples}`)).join(' + ')
  const enough = quorum === undefined ? '' : `, quorum ${quorum}`
  const offered = description === undefined ? ' (no description: the router does not offer it)' : ''
  return `${name}: ${strategy}, ${calls || 'no workers'} -> ${aggregate.model}${enough}${offered}`
}

function describeKey({ name, models, budget }: KeyConfig): string {
  const limits = budget ? Object.entries(budget).map(([limit, most]) => `${limit} ${most}`) : []
  const said = [...(models ? [`for ${models.join(', ')}`] : []), ...(budget ? [`a day ${limits.join(', ')}`] : [])]
  return said.length > 0 ? `${name}: ${said.join('; ')}` : name
}

function describeRouter(router: RouterConfig): string[] {
  return [
    `chooses with ${router.model ?? 'rules, the local scorer and the default'}`,
    ...router.rules.map(({ when, use }) => `rule: ${JSON.stringify(when)} -> ${use}`),
    ...(router.default === undefined ? [] : [`default ${router.default}`]),
    ...(router.sideModel === undefined ? [] : [`side requests to ${router.sideModel}`]),
    describeLoopGuard(router.loopGuard),
    ...(router.compose
      ? [
          `composes of ${router.compose.minWorkers} to ${router.compose.maxWorkers} out of ${router.compose.pool.join(', ')}`,
        ]
      : []),
  ]
}

function describeLoopGuard({ callsPerMinute }: RouterConfig['loopGuard']): string {
  if (callsPerMinute === 0) return 'no loop guard'
  return `loop guard: over ${callsPerMinute} mixture calls of one conversation a minute go to a single model`
}
