import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../chat/clock.ts'
import { createChatRequest } from '../chat/chat-request.ts'
import { collectAnswer } from '../chat/collect-answer.ts'
import { errorCodeOf, UpstreamError } from '../chat/errors.ts'
import type { ModelConfig, UpstreamConfig } from '../config/config.ts'
import { parseConfig } from '../config/parse-config.ts'
import { type ChaosUpstream, type FaultName, startChaosUpstream } from '../testing/chaos-upstream.ts'
import { createCallContext } from '../trace/call-context.ts'
import { createTrace } from '../trace/trace.ts'
import { Breakers } from './breakers.ts'
import type { Catalog } from './catalog.ts'
import { createCatalog } from './create-catalog.ts'
import { createEngines, type Engines } from './engines.ts'

let upstream: ChaosUpstream
let engines: Engines
let fault: FaultName | null

beforeEach(async () => {
  fault = '401'
  upstream = await startChaosUpstream({ choose: ({ model }) => (model === 'good' ? null : fault) })
  engines = createEngines()
})

afterEach(async () => {
  await engines.close()
  await upstream.close()
})

interface Written {
  readonly key?: string
  readonly models?: string
  readonly more?: string
}

function read({ key = 'k', models = '{ id: a, upstream: up }', more = '' }: Written = {}): Catalog {
  const text = `upstreams: { up: { kind: openai, base_url: "${upstream.baseUrl}", api_key: ${key} } }\nmodels: [${models}]\n${more}\n`
  return createCatalog(parseConfig({ text, path: 'test.yaml', env: {} }).config, engines)
}

function ask(catalog: Catalog, model = 'a', trace = createTrace('t', systemClock)): Promise<string> {
  const request = createChatRequest({ model, messages: [{ role: 'user', content: `Which of ${trace.id}?` }] })
  return collectAnswer(catalog.find(model).chat(request, createCallContext({ trace }))).then(() => 'ok', errorCodeOf)
}

describe('a model that rests', () => {
  it('rests on when the config is read again, under whatever name', async () => {
    expect(await ask(read())).toBe('upstream_auth_failed')
    fault = null
    expect(await ask(read())).toBe('upstream_unavailable')
    expect(await ask(read({ models: '{ id: b, name: a, upstream: up }' }), 'b')).toBe('upstream_unavailable')
    expect(upstream.calls).toEqual(['a'])
  })

  it('is told of once where its key is refused, and once more where it is again after it was well', () => {
    const told: string[] = []
    const breaker = new Breakers(({ code }) => told.push(code)).of(
      { id: 'a', name: 'a', upstream: 'up' } as ModelConfig,
      { kind: 'simulated' } as UpstreamConfig,
    )
    const end = (nowMs: number, error: unknown): void => {
      const isProbe = breaker.enter('a', nowMs)
      breaker.leave(error, { beganMs: nowMs, nowMs, isProbe })
    }
    const refused = new UpstreamError('upstream_auth_failed', 'Key refused.')
    end(0, refused)
    end(10_000, refused)
    expect(told).toEqual(['upstream_auth_failed'])
    end(20_000, null)
    end(20_001, new UpstreamError('upstream_quota_exhausted', 'Spent.'))
    end(30_001, refused)
    expect(told).toEqual(['upstream_auth_failed', 'upstream_quota_exhausted'])
  })

  it('is told of to whoever made the engines, with its name and without its key', async () => {
    await engines.close()
    const told: string[] = []
    engines = createEngines(({ message }) => told.push(message))
    const catalog = read({ key: 'sk-secret-0123456789' })
    await Promise.all([ask(catalog), ask(catalog)])
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('model "a"')
    expect(told[0]).not.toContain('sk-secret')
  })

  it('is asked with another key, which nobody has refused', async () => {
    await ask(read())
    fault = null
    expect(await ask(read({ key: 'other' }))).toBe('ok')
  })

  it('says nothing of another model of its upstream', async () => {
    const catalog = read({ models: '{ id: a, upstream: up }, { id: b, upstream: up }' })
    await ask(catalog)
    fault = null
    expect(await ask(catalog, 'b')).toBe('ok')
  })

  it('is a base model that is too slow for the router again and again, for the router alone', async () => {
    fault = 'hang before headers'
    const mixtures = ['generic', 'other'].map((name) => `{ name: ${name}, description: Anything, aggregate: good }`)
    const more = `mixtures: [${mixtures.join(', ')}]\nrouter: { model: a, default: generic, deadline_ms: 50 }`
    const catalog = read({ models: '{ id: a, upstream: up }, { id: good, upstream: up }', more })
    const traces = Array.from({ length: 7 }, (_, time) => createTrace(`t${time}`, systemClock))
    for (const trace of traces) expect(await ask(catalog, 'router', trace)).toBe('ok')
    const calls = traces.flatMap((trace) => trace.ledger()).filter(({ requested }) => requested === 'a')
    expect(calls.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 5 }, () => 'upstream_timeout'))
    fault = null
    expect(await ask(catalog, 'a')).toBe('ok')
  })
})
