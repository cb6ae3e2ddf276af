import { describe, expect, it } from 'vitest'
import { parseConfig } from '../config/parse-config.ts'
import { requireKeys } from './require-keys.ts'

const models = 'upstreams: { sim: { kind: simulated } }\nmodels: [{ id: a, upstream: sim }]\n'
const { config: open } = parseConfig({ text: models, path: 'c.yaml', env: {} })
const { config: locked } = parseConfig({
  text: `${models}keys: [{ name: a, key: 0123456789abcdef-a }]`,
  path: 'c.yaml',
  env: {},
})

describe('requireKeys', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('lets %s be served without keys', (host) => {
    expect(() => {
      requireKeys(open, host)
    }).not.toThrow()
  })

  it.each(['0.0.0.0', '::', '192.168.1.7', 'example.org', '::ffff:127.0.0.1', '127.0.0.1.example.org', ''])(
    'wants keys for %s',
    (host) => {
      expect(() => {
        requireKeys(open, host)
      }).toThrow('mollmr keys new')
      expect(() => {
        requireKeys(locked, host)
      }).not.toThrow()
    },
  )
})
