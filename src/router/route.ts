import type { SpanAttributes } from '../chat/call-context.ts'
import type { ChatModel } from '../chat/chat-model.ts'

/** Which step of the router found a route, in the order in which they are tried. */
type RouteSource =
  | 'side'
  | 'named'
  | 'rule'
  | 'single'
  | 'pin'
  | 'loop_guard'
  | 'cache'
  | 'scorer'
  | 'model'
  | 'compose'
  | 'default'
  | 'first'

/** What the router chose for a request, and how. */
export interface Route {
  readonly model: ChatModel
  readonly source: RouteSource
  /** 0 to 1, where the step that chose can say how sure it was. */
  readonly confidence?: number
  /** How a side request was known. */
  readonly evidence?: string
}

/** What a span says of a route; the gateway turns it into headers. */
export function attributesOf({ model, source, confidence }: Route): SpanAttributes {
  return {
    route: model.id,
    routeSource: source,
    ...(confidence === undefined ? {} : { routeConfidence: Math.round(confidence * 1000) / 1000 }),
  }
}
