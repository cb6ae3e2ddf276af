/**
 * `mollmr doctor`: what is wrong with a gateway's config, port, upstreams and models, and what to do about it. Each part is
 * examined by a file of its own, which only finds; `report.ts` and `describe-report.ts` say what was found.
 */
import { createCatalog } from '../../catalog/create-catalog.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { createEngines } from '../../catalog/engines.ts'
import { systemClock } from '../../chat/clock.ts'
import { ConfigError } from '../../chat/errors.ts'
import { describeEstimate } from '../../chat/estimate.ts'
import type { Config, ModelConfig } from '../../config/config.ts'
import { modelsWithin } from '../../config/models-within.ts'
import { counted } from '../counted.ts'
import { openConfig, type OpenedConfig } from '../open-config.ts'
import type { Terminal } from '../terminal.ts'
import { consequencesOf } from './consequences.ts'
import { describeReport } from './describe-report.ts'
import { examineConfig, findingsOfConfigError } from './examine-config.ts'
import { examineMachine } from './examine-machine.ts'
import { examinePort } from './examine-port.ts'
import { examineUpstreams, settle, type UpstreamReport } from './examine-upstream.ts'
import { type KeyPlaces, keySourceOf } from './key-source.ts'
import { expectedOf, type Patient, probeModels } from './probe-models.ts'
import { showProgress } from './progress.ts'
import { exitCodeOf, type Report, writeReport } from './report.ts'
import { unaskedModel } from './unasked-model.ts'

export interface DoctorOptions {
  readonly config?: string
  readonly host?: string
  readonly port?: number
  readonly insecureNoAuth?: boolean
  /** Only these ids; of a mixture or the router, the models in it. */
  readonly model?: readonly string[]
  /** False where no model is to be asked. */
  readonly calls: boolean
  /** Seconds, of each call. */
  readonly timeout: number
  readonly json?: boolean
}

export interface DoctorSurroundings {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stop: AbortSignal
  /** The version of Node that runs. */
  readonly node: string
}

/** Resolves to the exit code. */
export async function doctor(options: DoctorOptions, surroundings: DoctorSurroundings): Promise<number> {
  const { out, outStyle } = surroundings.terminal
  const report = await examine(options, surroundings)
  out(`${options.json === true ? JSON.stringify(writeReport(report), null, 2) : describeReport(report, outStyle)}\n`)
  return exitCodeOf(report)
}

async function examine(options: DoctorOptions, surroundings: DoctorSurroundings): Promise<Report> {
  const engines = createEngines()
  try {
    const opened = await openConfig(options.config, surroundings.env)
    const catalog = createCatalog(opened.config, engines)
    return await examineAll({ opened, catalog, options, surroundings })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const machine = examineMachine(surroundings.node, [])
    const config = findingsOfConfigError(error)
    return { config, upstreams: [], models: [], expected: null, consequences: [], machine }
  } finally {
    await engines.close()
  }
}

interface Visit {
  readonly opened: OpenedConfig
  readonly catalog: Catalog
  readonly options: DoctorOptions
  readonly surroundings: DoctorSurroundings
}

async function examineAll(visit: Visit): Promise<Report> {
  const { opened, catalog, options, surroundings } = visit
  const { env, stop: signal, node } = surroundings
  const { config, variables } = opened
  const { host = config.server.host, port = config.server.port, insecureNoAuth = false } = options
  const circumstances = { signal, clock: systemClock }
  const chosen = chosenModels(visit)
  const wanted = new Set(chosen.map(({ upstream }) => upstream))
  const [ofPort, upstreams] = await Promise.all([
    examinePort({ host, port }, circumstances),
    examineUpstreams(
      [...config.upstreams.values()].filter(({ id }) => wanted.has(id) || !options.model),
      { ...circumstances, variables, env },
    ),
  ])
  const { models, expected } = await examineModels(chosen, upstreams, visit)
  return {
    config: examineConfig(opened, catalog, { host, insecureNoAuth, env }),
    port: ofPort,
    upstreams: upstreams.map((upstream) => settle(upstream, models)),
    models,
    expected,
    consequences: consequencesOf(config, models),
    machine: examineMachine(node, upstreams),
  }
}

/** @throws RequestError where an id is not known */
function chosenModels({ opened: { config }, catalog, options }: Visit): readonly ModelConfig[] {
  const models = [...config.models.values()]
  if (!options.model) return models
  const ids = new Set(options.model.flatMap((id) => [...modelsWithin(catalog.find(id).id, config)]))
  return models.filter(({ id }) => ids.has(id))
}

/** Asks those whose upstream can be reached, after it has said what that may take. */
async function examineModels(
  chosen: readonly ModelConfig[],
  upstreams: readonly UpstreamReport[],
  { opened, catalog, options, surroundings }: Visit,
): Promise<Pick<Report, 'models' | 'expected'>> {
  const { terminal, env, stop } = surroundings
  const patients = chosen.flatMap((model) =>
    patientOf(model, upstreams, { config: opened.config, variables: opened.variables, env }),
  )
  const asked = options.calls ? patients.filter(({ isReachable }) => isReachable) : []
  const unasked = patients.filter((patient) => !asked.includes(patient)).map((patient) => unaskedModel(patient))
  if (asked.length === 0) return { models: unasked, expected: null }
  const expected = expectedOf(asked, catalog)
  terminal.err(
    `Asking ${counted(asked.length, 'model')}, at most ${describeEstimate(expected)}. --no-calls asks none.\n`,
  )
  const progress = showProgress(terminal, expected.calls)
  const timeoutMs = options.timeout * 1000
  const probing = { catalog, signal: stop, clock: systemClock, timeoutMs, onProbe: progress.show }
  const answered = await probeModels(asked, probing).finally(progress.rest)
  const byId = new Map([...unasked, ...answered].map((report) => [report.id, report]))
  return { models: chosen.flatMap(({ id }) => byId.get(id) ?? []), expected }
}

function patientOf(
  model: ModelConfig,
  upstreams: readonly UpstreamReport[],
  { config, ...places }: KeyPlaces & { readonly config: Config },
): readonly Patient[] {
  const upstream = config.upstreams.get(model.upstream)
  const report = upstreams.find(({ id }) => id === model.upstream)
  if (!upstream || !report) return []
  const { names, isReachable } = report
  return [{ model, upstream, names, isReachable, key: keySourceOf(upstream, places) }]
}
