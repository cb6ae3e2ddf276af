import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FakeUpstream, hanging, sendJson, startFakeUpstream } from '../testing/fake-upstream.ts'
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

  it('reads the lists of anthropic and google, each in its own form', async () => {
    const bodies: Readonly<Record<string, object>> = {
      '/v1/models?limit=100': { data: [{ id: 'claude-sonnet-5' }, { id: 'claude-3-haiku-20240307' }] },
      '/v1/models?pageSize=1000': { models: [{ name: 'models/gemini-3.5-flash' }, { name: 'models/aqa' }, null] },
    }
    const asked: string[] = []
    const listing = await startLists((path, headers) => {
      asked.push([path, headers['x-api-key'], headers['x-goog-api-key']].flat().join(' ').trim())
      return bodies[path] ?? {}
    })
    const { baseUrl } = listing
    const candidates = [
      { id: 'anthropic', kind: 'anthropic', baseUrl, apiKeyVariable: 'A', keeps: /^claude-[a-z]+-\d+$/ },
      { id: 'google', kind: 'google', baseUrl, apiKeyVariable: 'G', keeps: /^gemini/ },
    ] as const
    const found = await discoverUpstreams({ env: { A: 'key-a', G: 'key-g' }, candidates })
    await listing.close()
    expect(asked.toSorted()).toEqual(['/v1/models?limit=100 key-a', '/v1/models?pageSize=1000  key-g'])
    expect(found.map(({ kind, models }) => [kind, models])).toEqual([
      ['anthropic', ['claude-sonnet-5']],
      ['google', ['gemini-3.5-flash']],
    ])
  })
})

/** A server that answers every GET with what `list` says. */
async function startLists(
  list: (path: string, headers: IncomingHttpHeaders) => object,
): Promise<{ readonly baseUrl: string; readonly close: () => Promise<unknown> }> {
  const lists = createServer(({ url, headers }, response) => {
    sendJson(response, list(url ?? '', headers))
  })
  await new Promise<void>((resolve) => lists.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(lists.address() as AddressInfo).port}/v1`,
    close: () => new Promise((resolve) => lists.close(resolve)),
  }
}
