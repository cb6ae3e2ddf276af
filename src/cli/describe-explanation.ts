import { describeEstimate } from '../chat/estimate.ts'
import type { Explanation, MixtureExplanation, RouterExplanation } from '../chat/explanation.ts'

/** An explanation in words for a person, one line for each model, what it is made of below it. */
export function describeExplanation(explanation: Explanation): string {
  const { ms } = explanation.estimate
  const time = ms === null ? 'time not known yet' : `about ${(ms / 1000).toFixed(1)} s`
  return [...linesOf(explanation), `expected: ${describeEstimate(explanation.estimate)}, ${time}`].join('\n')
}

function linesOf(explanation: Explanation, label = ''): string[] {
  switch (explanation.kind) {
    case 'model':
      return [`${label}${explanation.id}${explanation.budget === 'refuse' ? ': over the budget' : ''}`]
    case 'mixture':
      return [`${label}${explanation.id}: ${howOf(explanation)}`, ...indented(membersOf(explanation))]
    case 'router':
      return [`${label}${explanation.id} -> ${whyOf(explanation)}`, ...indented(linesOf(explanation.route))]
  }
}

const budgetTexts = {
  fits: '',
  shrink: ', smaller than it is to stay within the budget',
  bypass: '',
  refuse: ', over the budget: it would be refused',
} as const

function howOf({ strategy, quorum, bypass, budget }: MixtureExplanation): string {
  const how = bypass === null ? `${strategy}, quorum ${quorum}` : `the aggregate alone (${bypass})`
  return how + budgetTexts[budget]
}

function membersOf({ workers, aggregate }: MixtureExplanation): string[] {
  return [
    ...workers.flatMap(({ label, explanation }) =>
      linesOf(explanation, label === explanation.id ? 'worker ' : `worker ${label}: `),
    ),
    ...aggregate.flatMap((explanation) => linesOf(explanation, 'aggregate ')),
  ]
}

function whyOf({ route, source, confidence, wouldAsk, candidates, plan }: RouterExplanation): string {
  const sure = confidence === null ? '' : `, ${confidence.toFixed(2)}`
  const asks = wouldAsk === null ? '' : `; "${wouldAsk}" would be asked and may choose otherwise`
  const scores = candidates.map(({ id, score }) => `${id} ${score.toFixed(1)}`).join(', ')
  return `${route.id} (${source}${sure}${plan === null ? '' : `, ${plan}`}${asks})${scores === '' ? '' : `; scores: ${scores}`}`
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
