import type { Catalog } from '../catalog/catalog.ts'
import { createChatRequest } from '../chat/chat-request.ts'
import { systemClock } from '../chat/clock.ts'
import { explainModel } from '../chat/explain-model.ts'
import { writeExplanation } from '../wire/write-explanation.ts'
import { describeExplanation } from './describe-explanation.ts'
import type { Terminal } from './terminal.ts'

export interface RouteQuestion {
  readonly model: string
  readonly question: string
  readonly json: boolean
}

/** Says what a question would do, and what that is expected to take. Nobody is asked. */
export function explainRoute(catalog: Catalog, terminal: Terminal, { model, question, json }: RouteQuestion): void {
  const asked = createChatRequest({ model, messages: [{ role: 'user', content: question }] })
  const served = catalog.serve(asked)
  const circumstances = { clock: systemClock, addedTokens: 0 }
  const explanation = explainModel(served.model, served.request, circumstances)
  const text = json
    ? JSON.stringify({ model, ...writeExplanation(explanation) }, null, 2)
    : describeExplanation(explanation)
  terminal.out(`${text}\n`)
}
