import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeUpstream, hanging, startFakeUpstream } from '../testing/fake-upstream.ts'
import { discoverUpstreams } from './discover.ts'

let server: FakeUpstream

beforeEach(async () => {
  server = await startFakeUpstream(hanging, ['qwen3:8b', 'nomic-embed-text', 'phi4', 'phi4-preview'])
})

afterEach(async () => {
  await server.close()
})

describe('discoverUpstreams', () => {
  it('finds a server with its models that can chat', async () => {
    const found = await discoverUpstreams({ env: {}, candidates: [{ id: 'ollama', baseUrl: server.baseUrl }] })
    expect(found).toEqual([
      { id: 'ollama', kind: 'openai', baseUrl: server.baseUrl, models: ['qwen3:8b', 'phi4', 'phi4-preview'] },
    ])
  })

  it('passes over what does not answer', async () => {
    expect(await discoverUpstreams({ env: {}, candidates: [{ id: 'x', baseUrl: 'http://127.0.0.1:1/v1' }] })).toEqual(
      [],
    )
  })

  it('asks a hosted one only where its key is set, and keeps the useful part of its list', async () => {
    const candidates = [{ id: 'hosted', baseUrl: server.baseUrl, apiKeyVariable: 'THE_KEY', keeps: /^phi4$/ }]
    expect(await discoverUpstreams({ env: {}, candidates })).toEqual([])
    expect(await discoverUpstreams({ env: { THE_KEY: 'sk' }, candidates })).toMatchObject([
      { apiKeyVariable: 'THE_KEY', models: ['phi4'] },
    ])
  })

  it('falls back to the usual models of a hosted one that cannot be reached', async () => {
    const candidates = [
      { id: 'hosted', baseUrl: 'http://127.0.0.1:1/v1', apiKeyVariable: 'THE_KEY', usualModels: ['big'] },
    ]
    expect(await discoverUpstreams({ env: { THE_KEY: 'sk' }, candidates })).toMatchObject([{ models: ['big'] }])
  })
})
