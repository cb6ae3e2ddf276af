/**
 * Prices of hosted models that the config does not give, from a packaged list. The list costs 20 MB and some milliseconds,
 * so that it is loaded only where a config has such a model.
 */
import type { Price } from '../chat/chat-model.ts'
import type { Config, ModelConfig, UpstreamConfig } from '../config/config.ts'

type Provider = { readonly providerId: string } | { readonly providerApiUrl: string }

/** The same config with the prices that are known. What the config says itself stands; what nobody knows stays unknown. */
export async function withPackagedPrices(config: Config): Promise<Config> {
  const unpriced = [...config.models.values()].filter((model) => !model.price && providerOf(model, config))
  if (unpriced.length === 0) return config
  const { calcPrice } = await import('@pydantic/genai-prices')
  const priced = unpriced.flatMap((model): [string, ModelConfig][] => {
    const provider = providerOf(model, config)
    const found = provider && calcPrice({ input_tokens: 0, output_tokens: 0 }, model.name, provider)
    const price = found ? priceOf(found.model_price) : undefined
    return price ? [[model.id, Object.freeze({ ...model, price })]] : []
  })
  return Object.freeze({ ...config, models: new Map([...config.models, ...priced]) })
}

/** Who sells the model; undefined for one on a server of one's own, whose price is nobody else's. */
function providerOf({ upstream: id }: ModelConfig, { upstreams }: Config): Provider | undefined {
  const upstream = upstreams.get(id)
  if (!upstream) return undefined
  const baseUrl = baseUrlOf(upstream)
  if (baseUrl !== undefined) return isLocal(baseUrl) ? undefined : { providerApiUrl: baseUrl }
  switch (upstream.kind) {
    case 'anthropic':
    case 'google':
      return { providerId: upstream.kind }
    case 'ai-sdk':
      return { providerId: upstream.package.replace(/^.*\//, '') }
    case 'openai':
    case 'local':
    case 'simulated':
      return undefined
  }
}

function baseUrlOf(upstream: UpstreamConfig): string | undefined {
  return 'baseUrl' in upstream ? upstream.baseUrl : undefined
}

/** A name without a dot, an address of this machine or of a private network. */
function isLocal(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl)
  return (
    !hostname.includes('.') ||
    hostname.startsWith('[') ||
    /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(hostname) ||
    /\.(local|localhost|internal|lan)$/.test(hostname)
  )
}

type Rate = number | { readonly base: number } | undefined

/** Where long prompts cost more, the price of ordinary ones. */
function priceOf(rates: Readonly<Record<string, Rate>>): Price | undefined {
  const perMillion = (name: string): number | undefined => {
    const rate = rates[name]
    return typeof rate === 'object' ? rate.base : rate
  }
  const input = perMillion('input_mtok')
  const output = perMillion('output_mtok')
  const cachedInput = perMillion('cache_read_mtok')
  if (input === undefined || output === undefined) return undefined
  return { input, output, ...(cachedInput === undefined ? {} : { cachedInput }) }
}
