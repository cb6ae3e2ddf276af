/** What to do about an error of an upstream, as far as its config and its list of models tell. docs/errors.md says it in general. */
import { isMollmrError, type MollmrError } from '../../chat/errors.ts'
import { nearestName } from '../../chat/nearest-name.ts'
import type { ModelConfig, UpstreamConfig } from '../../config/config.ts'
import type { KeySource } from './key-source.ts'

export interface Failed {
  readonly upstream: UpstreamConfig
  readonly key: KeySource
  /** Of the upstream's models, as it lists them; null where it does not. */
  readonly names: readonly string[] | null
  /** Where a model was asked. */
  readonly model?: ModelConfig
}

/** Null where the message of the error says it, or nobody knows. */
export function adviceFor(error: unknown, failed: Failed): string | null {
  if (!isMollmrError(error)) return null
  const { upstream, key, model } = failed
  switch (error.code) {
    case 'upstream_unreachable':
      return reach(error, upstream)
    case 'upstream_auth_failed':
      return giveKey(key, upstream)
    case 'upstream_model_not_found':
      return model ? findModel(model, failed) : sentence(checkAddress)
    case 'upstream_reset':
      return addressIn(upstream)?.protocol === 'http:'
        ? 'Look at its log; if it wants TLS, write https:// in base_url.'
        : 'Look at its log.'
    case 'upstream_bad_request':
      return /\bhttps\b/i.test(error.message) ? 'If it wants TLS, write https:// in base_url.' : null
    case 'upstream_bad_content_type':
    case 'upstream_redirect':
      return sentence(checkAddress)
    case 'upstream_timeout':
    case 'upstream_idle_timeout':
      return model
        ? 'It may still load the model: run this again, or with --timeout 120.'
        : 'Look at its log and its load.'
    case 'rate_limit_exceeded':
      return 'Wait, or lower max_concurrency of the upstream.'
    case 'upstream_quota_exhausted':
      return 'Pay there, or use another upstream.'
    case 'upstream_error':
    case 'upstream_malformed':
    case 'upstream_empty_response':
    case 'upstream_stream_cut':
    case 'upstream_stream_truncated':
      return `Look at the log of ${placeOf(upstream)}.`
    default:
      return null
  }
}

const checkAddress =
  'look at base_url: it ends where /chat/completions would follow, which is /v1, once, for most servers.'

const unknownName = /^(ENOTFOUND|EAI_)/
const noTls = /^(EPROTO|ERR_SSL|ERR_TLS)/
const badCertificate = /CERT|^UNABLE_TO|SIGNED|HOSTNAME_MISMATCH|INVALID_CA|^CRL_/

function reach(error: MollmrError, upstream: UpstreamConfig): string {
  const where = placeOf(upstream)
  const { code } = (error.cause ?? {}) as { readonly code?: unknown }
  const reason = typeof code === 'string' ? code : ''
  if (reason === 'ECONNREFUSED') return `Nothing listens at ${where}: start the server, or correct base_url.`
  if (unknownName.test(reason)) return `The name in ${where} is not known: correct base_url, or look at the network.`
  if (badCertificate.test(reason))
    return `The certificate of ${where} is not believed: name its authority in NODE_EXTRA_CA_CERTS, or correct base_url.`
  if (noTls.test(reason)) return `What listens at ${where} does not speak TLS: write http:// in base_url.`
  return `Is there a way from here to ${where}: network, firewall, VPN?`
}

function giveKey(key: KeySource, { id }: UpstreamConfig): string {
  switch (key.from) {
    case 'variables': {
      const names = key.names.join(', ')
      return key.areSet
        ? `The key in ${names} is refused: put a valid one there.`
        : `Set ${names}: there is no key in it.`
    }
    case 'config':
      return `The key of upstream "${id}" stands in the config and is refused: put a valid one there.`
    case 'nowhere':
      return `Upstream "${id}" has no key in the config: give it api_key: "\${VARIABLE}".`
  }
}

const ollamaPort = '11434'
const mostNames = 5

function findModel({ name }: ModelConfig, { upstream, names }: Failed): string {
  const isOllama = addressIn(upstream)?.port === ollamaPort
  const load = isOllama ? `load it: ollama pull ${name}` : 'load the model there'
  if (!names) return `Correct name ("${name}"), or ${load}; or ${checkAddress}`
  if (names.length === 0) return `There is none at all: ${load}.`
  const nearest = nearestName(name, names)
  const rest = names.length > mostNames ? ', …' : ''
  const there = nearest === undefined ? `has ${names.slice(0, mostNames).join(', ')}${rest}` : `has "${nearest}"`
  return `There is no "${name}" there; it ${there}. Correct name, or ${load}.`
}

function addressIn(upstream: UpstreamConfig): URL | undefined {
  return 'baseUrl' in upstream ? new URL(upstream.baseUrl) : undefined
}

/** Without a path, and without the user that may stand in an address. */
function placeOf(upstream: UpstreamConfig): string {
  return addressIn(upstream)?.origin ?? `the address of upstream "${upstream.id}"`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
