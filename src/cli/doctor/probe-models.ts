/** Asks the models: those of one upstream one after another, as a server with one GPU wants it, upstreams at the same time. */
import type { Catalog } from '../../catalog/catalog.ts'
import { createChatRequest } from '../../chat/chat-request.ts'
import type { Clock } from '../../chat/clock.ts'
import { inTurn } from '../../chat/estimate.ts'
import { explainCall } from '../../chat/explain-model.ts'
import type { Estimate } from '../../chat/explanation.ts'
import { throwIfAborted } from '../../chat/link-abort.ts'
import type { ModelConfig, UpstreamConfig } from '../../config/config.ts'
import { createTrace } from '../../trace/trace.ts'
import { adviceFor } from './advice.ts'
import { askProbe } from './ask-probe.ts'
import { type Finding, findingOf } from './finding.ts'
import type { KeySource } from './key-source.ts'
import { type ProbeName, probeNames, probes } from './probes.ts'

export interface ModelReport {
  readonly id: string
  readonly upstream: string
  readonly checks: Readonly<Record<ProbeName, Check>>
}

export interface Check extends Finding {
  /** Attempts that were made; 0 where it was not asked. */
  readonly calls: number
  /** Milliseconds, attempts that failed included; null where it was not asked. */
  readonly ms: number | null
  /** US dollars; null where it is not known. */
  readonly costUsd: number | null
}

/** A model to be asked, and where it is. */
export interface Patient {
  readonly model: ModelConfig
  readonly upstream: UpstreamConfig
  readonly key: KeySource
  /** Of the models there, as the upstream lists them; null where it does not. */
  readonly names: readonly string[] | null
  /** False where no call could come through. */
  readonly isReachable: boolean
}

export interface Probing {
  readonly catalog: Catalog
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly timeoutMs: number
  /** Hears of each question, before it is asked and after it. */
  readonly onProbe: (probe: { readonly model: string; readonly name: ProbeName; readonly isOver: boolean }) => void
}

/** What all calls are expected to take at most, without those that are made again. */
export function expectedOf(patients: readonly Patient[], catalog: Catalog): Estimate {
  return inTurn(
    patients.flatMap(({ model }) =>
      plannedFor(model).map((name) => {
        const request = createChatRequest(probes[name].bodyFor(model.id))
        return explainCall(catalog.find(model.id), request, { addedTokens: 0 }).estimate
      }),
    ),
  )
}

/** In the order of `patients`. */
export async function probeModels(patients: readonly Patient[], probing: Probing): Promise<readonly ModelReport[]> {
  const wards = Map.groupBy(patients, ({ upstream }) => upstream.id)
  const reports = new Map<Patient, ModelReport>()
  await Promise.all(
    [...wards.values()].map(async (ward) => {
      for (const patient of ward) reports.set(patient, await probeModel(patient, probing))
    }),
  )
  return patients.flatMap((patient) => reports.get(patient) ?? [])
}

/** What is known of a question that is not asked. */
export function unasked(finding: Finding): Check {
  return { ...finding, calls: 0, ms: null, costUsd: null }
}

/** Nobody is asked for tools who takes none by the config. */
function plannedFor({ tools }: ModelConfig): readonly ProbeName[] {
  return probeNames.filter((name) => tools || name !== 'tools')
}

const noTools = findingOf('no', 'takes no tools, as its config says')

async function probeModel(patient: Patient, probing: Probing): Promise<ModelReport> {
  const { id, upstream, tools } = patient.model
  const ask = (name: ProbeName): Promise<Check> => probe(name, patient, probing)
  const answer = await ask('answer')
  if (answer.mark === 'failed') {
    const rest = unasked(findingOf('skipped', 'not asked: it does not answer at all'))
    return { id, upstream, checks: { answer, tools: rest, json: rest } }
  }
  return {
    id,
    upstream,
    checks: { answer, tools: tools ? await ask('tools') : unasked(noTools), json: await ask('json') },
  }
}

async function probe(name: ProbeName, patient: Patient, probing: Probing): Promise<Check> {
  const { catalog, signal, clock, onProbe } = probing
  const model = catalog.find(patient.model.id)
  const trace = createTrace('doctor', clock)
  const startMs = clock.now()
  onProbe({ model: model.id, name, isOver: false })
  const found = await askProbe(model, probes[name].bodyFor(model.id), { ...probing, trace }).then(
    probes[name].judge,
    (error: unknown) => {
      throwIfAborted(signal)
      return probes[name].judgeError(error, adviceFor(error, patient))
    },
  )
  onProbe({ model: model.id, name, isOver: true })
  const { calls, costUsd } = trace.root.total()
  return { ...found, calls, ms: Math.round(clock.now() - startMs), costUsd }
}
