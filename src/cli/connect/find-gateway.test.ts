import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../config/parse-config.ts'
import { runConfig } from '../../testing/run-config.ts'
import { findGateway, gatewayOf } from './find-gateway.ts'

const models = `
upstreams: { up: { kind: simulated } }
models: [{ id: big, upstream: up, context_window: 128000 }, { id: small, upstream: up, context_window: 32000 }]
`
const mixtures = 'mixtures: [{ name: generic, description: "All.", workers: [small, small], aggregate: big }]\n'
const router = 'router: { default: generic, side_model: small }\n'

const found = (text: string, model?: string): ReturnType<typeof gatewayOf> => {
  const { config } = parseConfig({ text: models + text, path: 'c.yaml', env: {} })
  return gatewayOf(config, { url: 'http://here', ...(model === undefined ? {} : { model }) })
}

describe('the gateway of a config', () => {
  it('offers the router, the mixtures and the model for side requests, with the windows that are known', () => {
    expect(found(mixtures + router)).toEqual({
      url: 'http://here',
      model: { id: 'router', contextWindow: 128_000 },
      models: [
        { id: 'router', contextWindow: 128_000 },
        { id: 'generic', contextWindow: 128_000 },
      ],
      sideModel: 'small',
      asksForKey: false,
    })
  })

  it('offers first what is asked for, and a mixture where there is no router', () => {
    const ids = (gateway: ReturnType<typeof gatewayOf>): string[] => gateway.models.map(({ id }) => id)
    expect(ids(found(mixtures + router, 'mollmr/small'))).toEqual(['small', 'router', 'generic'])
    expect(ids(found(mixtures + router, 'generic'))).toEqual(['generic', 'router'])
    expect(ids(found(mixtures))).toEqual(['generic'])
    expect(ids(found(''))).toEqual(['big', 'small'])
    expect(() => found(mixtures, 'genric')).toThrow('Did you mean "generic"?')
  })

  it('knows whether it asks for a key', () => {
    expect(found(`${mixtures}keys: [{ name: a, key: 0123456789abcdef-a }]\n`).asksForKey).toBe(true)
  })
})

describe('a gateway that runs elsewhere', () => {
  it('is asked for its models, whichever way its address is written', async () => {
    const gateway = await runConfig(models + mixtures + router)
    for (const url of [gateway.url, `${gateway.url}/`, `${gateway.url}/v1/`]) {
      const { model, models: offered } = await findGateway({ url }, {})
      expect(model).toEqual({ id: 'mollmr/router' })
      expect(offered.map(({ id }) => id)).toEqual(['mollmr/router', 'mollmr/generic', 'mollmr/big', 'mollmr/small'])
    }
    const chosen = await findGateway({ url: gateway.url, model: 'generic' }, {})
    expect(chosen.model).toEqual({ id: 'mollmr/generic' })
    await expect(findGateway({ url: gateway.url, model: 'gen' }, {})).rejects.toThrow('has no model "gen"')
    await gateway.close()
    await expect(findGateway({ url: gateway.url }, {})).rejects.toThrow(`No gateway answers at ${gateway.url}`)
  })

  it('hears the key where it asks for one', async () => {
    const key = '0123456789abcdef-a'
    const gateway = await runConfig(`${models}${mixtures}keys: [{ name: a, key: ${key} }]\n`)
    const { url } = gateway
    await expect(findGateway({ url }, {})).rejects.toThrow('where it asks for a key, set MOLLMR_API_KEY')
    expect(await findGateway({ url }, { MOLLMR_API_KEY: key })).toMatchObject({ asksForKey: true })
    await gateway.close()
  })
})
