import type { SpanAttributes } from '../../chat/call-context.ts'
import type { UsageTotal } from '../../chat/usage.ts'

/** Every header that may stand on an answer. */
export const answerHeaderNames = [
  'x-request-id',
  'x-mollmr-route',
  'x-mollmr-route-source',
  'x-mollmr-route-confidence',
  'x-mollmr-model',
  'x-mollmr-degraded',
  'x-mollmr-attempts',
  'x-mollmr-cost-usd',
] as const

/** The headers that say what ran, from the attributes of the root span. What is not known yet is left out. */
export function answerHeaders(requestId: string, attributes: SpanAttributes): Record<string, string> {
  const { route, routeSource, routeConfidence, model, degraded } = attributes
  const headers: Record<string, string> = { 'x-request-id': requestId }
  if (route !== undefined) headers['x-mollmr-route'] = headerText(route)
  if (routeSource !== undefined) headers['x-mollmr-route-source'] = headerText(routeSource)
  if (routeConfidence !== undefined) headers['x-mollmr-route-confidence'] = routeConfidence.toFixed(2)
  if (model !== undefined) headers['x-mollmr-model'] = headerText(model)
  if (degraded !== undefined) headers['x-mollmr-degraded'] = headerText(degraded)
  return headers
}

/**
 * What a request has taken once no call runs any more: calls, failed ones included, and their cost where every price is
 * known. The headers of a stream are out before its calls have ended; its `usage.mollmr` says the same.
 */
export function spentHeaders({ calls, costUsd }: UsageTotal): Record<string, string> {
  const attempts = { 'x-mollmr-attempts': String(calls) }
  return costUsd === null ? attempts : { ...attempts, 'x-mollmr-cost-usd': dollars(costUsd) }
}

/** A plain decimal, to the billionth: some readers know no exponents. */
function dollars(usd: number): string {
  return usd.toFixed(9).replace(/\.?0+$/, '')
}

/** Ids may hold any character; a header may not. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text)
}
