import { afterEach, describe, expect, it } from 'vitest'
import { createCatalog } from '../../catalog/create-catalog.ts'
import { createEngines } from '../../catalog/engines.ts'
import { systemClock } from '../../chat/clock.ts'
import { CancelledError } from '../../chat/errors.ts'
import { parseConfig } from '../../config/parse-config.ts'
import { type ChaosUpstream, type FaultName, faults, startChaosUpstream } from '../../testing/chaos-upstream.ts'
import {
  callingTool,
  type FakeUpstream,
  hanging,
  refusing,
  saying,
  startFakeUpstream,
  type UpstreamReply,
} from '../../testing/fake-upstream.ts'
import { keySourceOf } from './key-source.ts'
import { expectedOf, type ModelReport, type Patient, probeModels, type Probing } from './probe-models.ts'

const open: (FakeUpstream | ChaosUpstream)[] = []
const engines = createEngines()

afterEach(async () => {
  await Promise.all(open.splice(0).map((upstream) => upstream.close()))
})

async function startFake(reply: UpstreamReply): Promise<string> {
  const upstream = await startFakeUpstream(reply)
  open.push(upstream)
  return upstream.baseUrl
}

/** Does all that it is asked for. */
const able: UpstreamReply = (response, call) => {
  const { tools, response_format: format } = call.body
  if (tools) return callingTool({ name: 'get_weather', arguments: { city: 'Paris' } })(response, call)
  return saying(format ? '{"legs":8,"has_wings":false}' : 'one two three')(response, call)
}

const env = { THE_KEY: 'sk-0123456789' }

interface Asked extends Pick<Probing, 'catalog'> {
  readonly patients: readonly Patient[]
}

function prepare(text: string): Asked {
  const { config, variables } = parseConfig({ text, path: 'c.yaml', env })
  const patients = [...config.models.values()].flatMap((model) => {
    const upstream = config.upstreams.get(model.upstream)
    if (!upstream) return []
    return [
      { model, upstream, names: ['a', 'other'], isReachable: true, key: keySourceOf(upstream, { variables, env }) },
    ]
  })
  return { catalog: createCatalog(config, engines), patients }
}

function ask({ catalog, patients }: Asked, probing: Partial<Probing> = {}): Promise<readonly ModelReport[]> {
  const { signal } = new AbortController()
  return probeModels(patients, {
    ...{ catalog, signal, clock: systemClock, timeoutMs: 10_000, onProbe: () => undefined },
    ...probing,
  })
}

const upstream = (baseUrl: string, more = ''): string =>
  `upstreams: { up: { kind: openai, base_url: "${baseUrl}", max_retries: 0${more} } }`
const one = (baseUrl: string, more = ''): string => `${upstream(baseUrl, more)}\nmodels: [{ id: a, upstream: up }]`

async function checksOf(reply: UpstreamReply, more = ''): Promise<ModelReport['checks'] | undefined> {
  const [report] = await ask(prepare(one(await startFake(reply), more)))
  return report?.checks
}

describe('probeModels', () => {
  it('finds all well with a model that can all, and counts its calls', async () => {
    const checks = await checksOf(able)
    expect(checks).toMatchObject({
      answer: { mark: 'ok', calls: 1, costUsd: null },
      tools: { mark: 'ok', message: 'calls tools', calls: 1 },
      json: { mark: 'ok', message: 'keeps to a JSON schema', calls: 1 },
    })
  })

  it('tells a model that cannot from one that fails', async () => {
    const refused = refusing(400, { error: { message: 'tools are not supported' } })
    const checks = await checksOf((response, call) => {
      if (call.body.tools) return refused(response, call)
      return call.body.response_format
        ? refusing(500, { error: { message: 'boom' } })(response, call)
        : saying('one two')(response, call)
    })
    expect(checks).toMatchObject({
      answer: { mark: 'ok' },
      tools: { mark: 'no', code: 'upstream_bad_request', message: expect.stringContaining('tools are not supported') },
      json: { mark: 'failed', code: 'upstream_error', todo: expect.stringContaining('Look at the log of http://127') },
    })
  })

  it('says that a model does not stream', async () => {
    const { answer } = (await checksOf((response, call) =>
      saying('one two')(response, { ...call, body: { ...call.body, stream: false } }),
    )) ?? { answer: null }
    expect(answer).toMatchObject({ mark: 'no', message: expect.stringContaining('does not stream') })
  })

  it('asks nothing more of a model that does not answer, and names the variable of a refused key, not the key', async () => {
    const checks = await checksOf(
      refusing(401, { error: { message: `Incorrect API key provided: ${env.THE_KEY}` } }),
      ', api_key: "${THE_KEY}"',
    )
    expect(checks).toMatchObject({
      answer: {
        mark: 'failed',
        code: 'upstream_auth_failed',
        todo: 'The key in THE_KEY is refused: put a valid one there.',
      },
      tools: { mark: 'skipped', calls: 0 },
      json: { mark: 'skipped', calls: 0 },
    })
    expect(JSON.stringify(checks)).not.toContain(env.THE_KEY)
  })

  it('says which models there are where one is not', async () => {
    const baseUrl = await startFake(refusing(404, { error: { message: 'no such model' } }))
    const config = `${upstream(baseUrl)}\nmodels: [{ id: a, upstream: up, name: othr }]`
    const [report] = await ask(prepare(config))
    expect(report?.checks.answer).toMatchObject({
      code: 'upstream_model_not_found',
      todo: 'There is no "othr" there; it has "other". Correct name, or load the model there.',
    })
  })

  it('waits no longer than it is told to', async () => {
    const [report] = await ask(prepare(one(await startFake(hanging))), { timeoutMs: 50 })
    expect(report?.checks.answer).toMatchObject({
      mark: 'failed',
      code: 'upstream_timeout',
      todo: expect.stringContaining('--timeout'),
    })
  })

  it('asks the models of one upstream in turn, and upstreams at the same time', async () => {
    const busy = { a: 0, b: 0 }
    const most = { a: 0, b: 0 }
    const begun = { a: Promise.withResolvers<undefined>(), b: Promise.withResolvers<undefined>() }
    const slowly =
      (name: 'a' | 'b'): UpstreamReply =>
      async (response, call) => {
        busy[name] += 1
        most[name] = Math.max(most[name], busy[name])
        begun[name].resolve(undefined)
        // Nobody is answered before both are asked.
        await Promise.all([begun.a.promise, begun.b.promise])
        busy[name] -= 1
        await able(response, call)
      }
    const asked = prepare(`
upstreams:
  a: { kind: openai, base_url: "${await startFake(slowly('a'))}" }
  b: { kind: openai, base_url: "${await startFake(slowly('b'))}" }
models: [{ id: a1, upstream: a }, { id: b1, upstream: b }, { id: a2, upstream: a }, { id: b2, upstream: b }]`)
    const heard: string[] = []
    const reports = await ask(asked, {
      onProbe: ({ model, name, isOver }) => {
        if (isOver) heard.push(`${model} ${name}`)
      },
    })
    expect(most).toEqual({ a: 1, b: 1 })
    expect(reports.map(({ id }) => id)).toEqual(['a1', 'b1', 'a2', 'b2'])
    expect(heard).toHaveLength(12)
  })

  it('ends with its signal', async () => {
    const stop = new AbortController()
    const baseUrl = await startFake(() => {
      stop.abort(new CancelledError())
    })
    await expect(ask(prepare(one(baseUrl)), { signal: stop.signal })).rejects.toBeInstanceOf(CancelledError)
  })

  const quick: readonly FaultName[] = (Object.keys(faults) as FaultName[]).filter(
    (name) => faults[name].isSlow !== true && faults[name].streamed !== 'ok',
  )
  it.each(quick)('gives the code of an upstream with the fault %s', async (name) => {
    const chaos = await startChaosUpstream({ choose: () => name })
    open.push(chaos)
    const [report] = await ask(prepare(one(chaos.baseUrl)))
    expect(report?.checks.answer).toMatchObject({ mark: 'failed', code: faults[name].streamed })
  })
})

describe('expectedOf', () => {
  it('reckons three calls for each model, two for one without tools, with the prices that are known', () => {
    const { catalog, patients } = prepare(`
${upstream('http://127.0.0.1:1/v1')}
models:
  - { id: a, upstream: up, price: { input: 1, output: 10 } }
  - { id: b, upstream: up, tools: false }`)
    const { calls, completionTokens, knownCostUsd, unpriced } = expectedOf(patients, catalog)
    expect({ calls, completionTokens, unpriced }).toEqual({ calls: 5, completionTokens: 5 * 256, unpriced: ['b'] })
    expect(knownCostUsd).toBeGreaterThan((3 * 256 * 10) / 1e6)
  })
})
