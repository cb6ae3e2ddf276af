import { describe, expect, it } from 'vitest'
import { RequestError, UpstreamError, type UpstreamErrorCode } from '../../chat/errors.ts'
import { parseConfig } from '../../config/parse-config.ts'
import { adviceFor, type Failed } from './advice.ts'

const { config } = parseConfig({
  text: `
upstreams:
  ollama: { kind: openai, base_url: "http://me:password@host.test:11434/v1" }
  claude: { kind: anthropic, api_key: "sk-0123456789" }
models: [{ id: here, upstream: ollama, name: qwen3 }, { id: there, upstream: claude, name: sonnet }]
`,
  path: 'c.yaml',
  env: {},
})

function advice(
  code: UpstreamErrorCode,
  id: 'here' | 'there',
  failed: Partial<Failed> & { reason?: string } = {},
): string | null {
  const model = config.models.get(id)
  const upstream = config.upstreams.get(model?.upstream ?? '')
  if (!model || !upstream) throw new Error(`There is no ${id}.`)
  const error = new UpstreamError(code, 'No.', { cause: Object.assign(new Error('No.'), { code: failed.reason }) })
  return adviceFor(error, { upstream, model, key: { from: 'config' }, names: null, ...failed })
}

describe('what to do about', () => {
  it.each([
    ['ECONNREFUSED', 'Nothing listens at http://host.test:11434'],
    ['ENOTFOUND', 'The name in http://host.test:11434 is not known'],
    ['EAI_AGAIN', 'The name in http://host.test:11434 is not known'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'NODE_EXTRA_CA_CERTS'],
    ['EPROTO', 'write http:// in base_url'],
    ['EHOSTUNREACH', 'Is there a way from here to http://host.test:11434'],
  ])('a connection that fails with %s', (reason, text) => {
    const said = advice('upstream_unreachable', 'here', { reason })
    expect(said).toContain(text)
    expect(said).not.toContain('password')
  })

  it('a model that is not there', () => {
    expect(advice('upstream_model_not_found', 'here', { names: ['qwen3:8b', 'phi'] })).toBe(
      'There is no "qwen3" there; it has qwen3:8b, phi. Correct name, or load it: ollama pull qwen3.',
    )
    expect(advice('upstream_model_not_found', 'there', { names: ['sonet', 'opus'] })).toContain('it has "sonet"')
    expect(advice('upstream_model_not_found', 'there', { names: [] })).toContain('There is none at all')
    expect(advice('upstream_model_not_found', 'there')).toContain('or look at base_url')
  })

  it('a key that is refused', () => {
    const names = ['A_KEY', 'B_KEY']
    expect(advice('upstream_auth_failed', 'there', { key: { from: 'variables', names, areSet: true } })).toContain(
      'The key in A_KEY, B_KEY is refused',
    )
    expect(advice('upstream_auth_failed', 'there', { key: { from: 'variables', names, areSet: false } })).toContain(
      'Set A_KEY, B_KEY',
    )
    expect(advice('upstream_auth_failed', 'there', { key: { from: 'nowhere' } })).toContain('"claude" has no key')
    expect(advice('upstream_auth_failed', 'there')).toContain('"claude" stands in the config')
  })

  it('a connection that is cut where TLS may be wanted', () => {
    expect(advice('upstream_reset', 'here')).toContain('https://')
    expect(advice('upstream_reset', 'there')).toBe('Look at its log.')
  })

  it('what is no fault of the upstream: nothing', () => {
    expect(advice('context_length_exceeded', 'here')).toBeNull()
    const error = new RequestError('unsupported_parameter', 'No.')
    const upstream = config.upstreams.get('ollama')
    if (!upstream) throw new Error('There is no upstream.')
    expect(adviceFor(error, { upstream, key: { from: 'config' }, names: null })).toBeNull()
    expect(adviceFor(new Error('No.'), { upstream, key: { from: 'config' }, names: null })).toBeNull()
  })
})
