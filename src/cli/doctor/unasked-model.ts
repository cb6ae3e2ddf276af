import { adviceFor } from './advice.ts'
import { type Finding, findingOf } from './finding.ts'
import { type ModelReport, type Patient, unasked } from './probe-models.ts'
import { UpstreamError } from '../../chat/errors.ts'

/** What can be said of a model without asking it: by whether its upstream is there, and lists it. */
export function unaskedModel(patient: Patient): ModelReport {
  const { id, upstream } = patient.model
  const rest = unasked(findingOf('skipped', 'not asked'))
  return { id, upstream, checks: { answer: unasked(findingWithout(patient)), tools: rest, json: rest } }
}

function findingWithout(patient: Patient): Finding {
  const { model, names, isReachable } = patient
  if (!isReachable)
    return { ...findingOf('failed', `its upstream ${model.upstream} cannot be used`), code: 'upstream_unreachable' }
  if (!names) return findingOf('skipped', 'not asked')
  // Ollama lists tags, and takes the name without the usual one.
  if (names.includes(model.name) || names.includes(`${model.name}:latest`))
    return findingOf('ok', `not asked; ${model.upstream} lists it`)
  const missing = new UpstreamError('upstream_model_not_found', `${model.upstream} does not list "${model.name}"`)
  return findingOf('warning', missing.message, adviceFor(missing, patient))
}
