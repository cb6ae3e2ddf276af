import { describe, expect, it } from 'vitest'
import type { Price } from '../chat/chat-model.ts'
import type { Config } from '../config/config.ts'
import { parseConfig } from '../config/parse-config.ts'
import { withPackagedPrices } from './packaged-prices.ts'

function parse(models: string): Config {
  const text = `
upstreams:
  openai: { kind: openai, base_url: "https://api.openai.com/v1", api_key: x }
  openrouter: { kind: openai, base_url: "https://openrouter.ai/api/v1", api_key: x }
  elsewhere: { kind: openai, base_url: "https://llm.example.org/v1", api_key: x }
  here: { kind: openai, base_url: "http://localhost:1234/v1" }
  near: { kind: openai, base_url: "http://192.168.1.7:8000/v1" }
  claude: { kind: anthropic, api_key: x }
  proxy: { kind: anthropic, base_url: "http://127.0.0.1:9/v1", api_key: x }
  mistral: { kind: ai-sdk, package: "@ai-sdk/mistral", options: {} }
  odd: { kind: ai-sdk, package: "somebodys-provider", options: {} }
  demo: { kind: simulated }
models: [${models}]`
  return parseConfig({ text, path: 'test.yaml', env: {} }).config
}

async function priceOf(model: string): Promise<Price | undefined> {
  return (await withPackagedPrices(parse(`{ id: m, ${model} }`))).models.get('m')?.price
}

describe('withPackagedPrices', () => {
  it.each([
    'upstream: openai, name: gpt-5-mini',
    'upstream: openrouter, name: openai/gpt-5',
    'upstream: claude, name: claude-sonnet-4-5',
    'upstream: mistral, name: mistral-large-latest',
  ])('knows what a hosted model costs: %s', async (model) => {
    const price = await priceOf(model)
    expect(price?.input).toBeGreaterThan(0)
    expect(price?.output).toBeGreaterThan(price?.input ?? Infinity)
  })

  it.each([
    'upstream: openai, name: no-such-model',
    'upstream: elsewhere, name: gpt-5-mini',
    'upstream: here, name: gpt-5-mini',
    'upstream: near, name: gpt-5-mini',
    'upstream: proxy, name: claude-sonnet-4-5',
    'upstream: odd, name: gpt-5-mini',
    'upstream: demo, name: gpt-5-mini',
  ])('leaves unknown what nobody can know: %s', async (model) => {
    expect(await priceOf(model)).toBeUndefined()
  })

  it('lets the price of the config stand', async () => {
    expect(await priceOf('upstream: openai, name: gpt-5-mini, price: { input: 7, output: 8 }')).toEqual({
      input: 7,
      output: 8,
    })
  })

  it('has cached tokens at their own price', async () => {
    const price = await priceOf('upstream: openai, name: gpt-5-mini')
    expect(price?.cachedInput).toBeLessThan(price?.input ?? 0)
  })

  it('returns the same config where there is nothing to look up', async () => {
    const config = parse('{ id: a, upstream: here }, { id: b, upstream: claude, price: { input: 1, output: 2 } }')
    expect(await withPackagedPrices(config)).toBe(config)
  })
})
