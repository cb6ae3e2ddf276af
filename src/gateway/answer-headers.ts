import type { SpanAttributes } from '../chat/call-context.ts'

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

/** Ids may hold any character; a header may not. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text)
}
