/** Whether an upstream can be reached, by what it says of its models. Nothing is generated, nothing costs. */
import { existsSync } from 'node:fs'
import type { Clock } from '../../chat/clock.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'
import type { UpstreamConfig } from '../../config/config.ts'
import { withoutUser } from '../../config/describe-config.ts'
import { boxedBaseUrl } from '../../upstream/ai-sdk/boxed-provider.ts'
import { createTransport } from '../../upstream/http/transport.ts'
import { listModels, type ListRequest, type ModelList } from '../../upstream/list-models.ts'
import { counted } from '../counted.ts'
import { adviceFor } from './advice.ts'
import { type Finding, findingOf, findingOfError } from './finding.ts'
import { type KeyPlaces, keySourceOf } from './key-source.ts'
import type { ModelReport } from './probe-models.ts'

export interface UpstreamReport {
  readonly id: string
  readonly kind: UpstreamConfig['kind']
  readonly url: string | null
  readonly finding: Finding
  /** Of its models, as it lists them; null where it does not. */
  readonly names: readonly string[] | null
  /** False where no call could come through. */
  readonly isReachable: boolean
  /** How far its clock is before ours, in milliseconds; null where it does not say. */
  readonly clockAheadMs: number | null
}

export interface Examination extends KeyPlaces {
  readonly signal: AbortSignal
  readonly clock: Clock
}

const waitMs = 5000

/** Asks all of them at once. */
export async function examineUpstreams(
  upstreams: readonly UpstreamConfig[],
  examination: Examination,
): Promise<readonly UpstreamReport[]> {
  const transport = createTransport()
  const ask: Lister = (request) => listModels(transport.dispatcher, { ...request, waitMs, ...examination })
  try {
    return await Promise.all(upstreams.map((upstream) => examine(upstream, examination, ask)))
  } finally {
    await transport.close()
  }
}

type Lister = (request: Pick<ListRequest, 'id' | 'kind' | 'baseUrl' | 'apiKey' | 'headers'>) => Promise<ModelList>

function examine(upstream: UpstreamConfig, examination: Examination, ask: Lister): Promise<UpstreamReport> {
  const { id, kind } = upstream
  switch (upstream.kind) {
    case 'openai':
      return examineServer({ ...upstream, upstream }, examination, ask)
    case 'anthropic':
    case 'google':
      return examineServer(
        { ...upstream, baseUrl: boxedBaseUrl(upstream.kind, upstream.baseUrl), upstream },
        examination,
        ask,
      )
    case 'local':
      return Promise.resolve(
        existsSync(upstream.gguf)
          ? unasked(findingOf('ok', `runs in process: ${upstream.gguf}`))
          : unasked(findingOf('failed', `There is no file ${upstream.gguf}.`, 'Correct gguf, or fetch the file.')),
      )
    case 'ai-sdk':
      return Promise.resolve(unasked(findingOf('skipped', `${upstream.package} lists no models: their answers tell`)))
    case 'simulated':
      return Promise.resolve(unasked(findingOf('ok', 'simulated, its answers are made up')))
  }
  function unasked(finding: Finding): UpstreamReport {
    const isReachable = finding.mark !== 'failed'
    return { id, kind, url: null, finding, names: null, isReachable, clockAheadMs: null }
  }
}

interface Server extends Pick<ListRequest, 'id' | 'kind' | 'baseUrl' | 'apiKey' | 'headers'> {
  readonly upstream: UpstreamConfig
}

async function examineServer(server: Server, examination: Examination, ask: Lister): Promise<UpstreamReport> {
  const { id, kind, baseUrl, upstream } = server
  const list = await ask(server)
  throwIfAborted(examination.signal)
  const { names, error, dateMs } = list
  const clockAheadMs = dateMs === null ? null : dateMs - examination.clock.wallTime()
  const report = { id, kind, url: withoutUser(baseUrl), names, clockAheadMs }
  if (names)
    return { ...report, finding: findingOf('ok', `lists ${counted(names.length, 'model')}`), isReachable: true }
  const todo = adviceFor(error, { upstream, key: keySourceOf(upstream, examination), names })
  const isReachable = error.code !== 'upstream_unreachable'
  if (error.code !== 'upstream_bad_content_type') {
    return { ...report, finding: findingOfError(error, 'failed', todo), isReachable }
  }
  const better = await findAddress(server, ask)
  if (better === undefined) return { ...report, finding: findingOfError(error, 'warning', todo), isReachable }
  const correction = `Write base_url: "${withoutUser(better)}"; the models are listed there.`
  return { ...report, finding: findingOfError(error, 'failed', correction), isReachable }
}

/** A server may keep the list of its models to itself, and answer all the same: that is nothing to mend. */
export function settle(upstream: UpstreamReport, models: readonly ModelReport[]): UpstreamReport {
  const { id, finding } = upstream
  const answers = models.some(({ upstream: on, checks }) => on === id && checks.answer.mark === 'ok')
  if (!answers || finding.mark === 'ok' || finding.mark === 'skipped') return upstream
  const message = `lists no models, but they answer: ${finding.message}`
  return { ...upstream, finding: { ...finding, mark: 'ok', message, todo: null } }
}

/** The address that was meant, where the models are listed; undefined where that is none of the usual mistakes. */
async function findAddress(server: Server, ask: Lister): Promise<string | undefined> {
  const { baseUrl } = server
  const meant = likelyAddress(baseUrl)
  if (meant === baseUrl) return undefined
  const { names } = await ask({ ...server, baseUrl: meant })
  return names ? meant : undefined
}

/** Where `/v1` is doubled or missing, or the path of the call is there, too. */
function likelyAddress(baseUrl: string): string {
  const bare = baseUrl.replace(/\/+$/, '').replace(/\/(chat\/completions|completions|models|responses|messages)$/, '')
  if (bare !== baseUrl.replace(/\/+$/, '')) return bare
  const single = bare.replace(/(\/v1)+$/, '/v1')
  if (single !== bare) return single
  return /\/v\d\w*$/.test(bare) ? baseUrl : `${bare}/v1`
}
