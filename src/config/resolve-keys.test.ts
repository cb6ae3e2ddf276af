import { describe, expect, it } from 'vitest'
import { describeConfig } from './describe-config.ts'
import { digestKey, isKeyDigest } from './key-digest.ts'
import { parseConfig, type ParsedConfig } from './parse-config.ts'

const secret = 'mk_0123456789abcdef'
const rest = 'upstreams: { sim: { kind: simulated } }\nmixtures: [{ name: generic, aggregate: sim }]\n'

function parse(keys: string): ParsedConfig {
  return parseConfig({ text: `${rest}keys: ${keys}`, path: 'c.yaml', env: { KEY: secret, SHORT: 'abc', EMPTY: '' } })
}

function problemOf(keys: string): string {
  try {
    parse(keys)
    return 'none'
  } catch (error) {
    return (error as Error).message
  }
}

describe('keys', () => {
  it('are digests from here on, however they are written', () => {
    const digest = digestKey(secret)
    expect(isKeyDigest(digest)).toBe(true)
    const { config, warnings } = parse(
      `[{ name: a, key: "\${KEY}" }, { name: b, hash: "${digestKey('other')}", models: [generic] }]`,
    )
    expect(config.keys).toEqual([
      { name: 'a', digest },
      { name: 'b', digest: digestKey('other'), models: ['generic'] },
    ])
    expect(JSON.stringify(config)).not.toContain(secret)
    expect(describeConfig(config)).toContain('b: for generic')
    expect(warnings).toEqual([])
  })

  it('are none where none are written', () => {
    expect(parseConfig({ text: rest, path: 'c.yaml', env: {} }).config.keys).toEqual([])
  })

  it.each([
    ['[{ name: a }]', 'c.yaml:3:8 keys[0]: needs either "hash" or "key"'],
    ['[{ name: a, key: "${EMPTY}" }]', 'keys[0].key: is empty'],
    ['[{ name: a, hash: sk-plain-key-by-mistake }]', 'keys[0].hash: is not what "mollmr keys hash" prints'],
    ['[{ name: a, key: "${KEY}", models: [genric] }]', 'keys[0].models[0]: there is no model or mixture "genric"'],
    [
      '[{ name: a, key: "${KEY}" }, { name: a, key: another-key-that-is-long }]',
      'keys[1].name: there are two keys "a"',
    ],
    ['[{ name: a, key: "${KEY}" }, { name: b, key: "${KEY}" }]', 'keys[1]: is the same key'],
  ])('%s is an error that names its place', (keys, problem) => {
    expect(problemOf(keys)).toContain(problem)
  })

  it('are never in a message', () => {
    for (const keys of [
      `[{ name: a, hash: ${secret} }]`,
      `[{ nam: a, key: ${secret} }]`,
      `[{ name: a, key: ${secret}, x: 1 }]`,
    ]) {
      expect(problemOf(keys)).not.toContain(secret)
    }
  })

  it('that can be guessed are a warning', () => {
    expect(parse('[{ name: a, key: "${SHORT}" }]').warnings).toEqual([
      'The key "a" is shorter than 16 characters: it can be guessed.',
    ])
  })
})
