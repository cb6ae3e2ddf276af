/**
 * A chat request is the OpenAI chat-completions body, parsed once, with every unknown field kept. Every other dialect
 * is translated to it, so that mixtures, routers and upstreams speak one language.
 */
import type { BudgetLimits } from './call-budget.ts'

export interface ContentPart {
  readonly type: string
  readonly text?: string
  readonly [field: string]: unknown
}

export interface ToolCall {
  readonly id: string
  readonly type: string
  readonly function?: { readonly name: string; readonly arguments: string }
  readonly [field: string]: unknown
}

export interface ChatMessage {
  readonly role: string
  readonly content?: string | readonly ContentPart[] | null
  readonly tool_calls?: readonly ToolCall[] | null
  readonly tool_call_id?: string
  readonly [field: string]: unknown
}

export interface ResponseFormat {
  readonly type: string
  readonly json_schema?: { readonly name?: string; readonly schema?: unknown; readonly strict?: boolean | null }
  readonly [field: string]: unknown
}

/** The body of `POST /v1/chat/completions`, in its own snake_case. Only the fields that MoLLMR reads are named. */
export interface ChatBody {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream?: boolean | null
  readonly stream_options?: { readonly include_usage?: boolean | null; readonly [field: string]: unknown } | null
  readonly max_tokens?: number | null
  readonly max_completion_tokens?: number | null
  readonly temperature?: number | null
  readonly top_p?: number | null
  readonly seed?: number | null
  readonly n?: number | null
  readonly stop?: string | readonly string[] | null
  readonly tools?: readonly unknown[] | null
  readonly tool_choice?: unknown
  readonly response_format?: ResponseFormat | null
  readonly logprobs?: boolean | null
  readonly metadata?: Readonly<Record<string, unknown>> | null
  readonly [field: string]: unknown
}

/** The body field `mollmr`: what one request may change. It is taken out of the body before anything goes upstream. */
export interface RequestOptions {
  /** The mixture or model to use in place of the one that is asked for; a router then has nothing to choose. */
  readonly mixture?: string
  /** The ids of the members of a mixture that is composed for this request. */
  readonly workers?: readonly string[]
  readonly aggregate?: string
  readonly strategy?: string
  readonly quorum?: number
  /** What this request may spend; limits of the mixture and others stay as they are. */
  readonly budget?: BudgetLimits
  /** Extras in the reply: `usage` lists the ledger in `usage.mollmr.ledger`; `progress` puts a field into chunks. */
  readonly include?: readonly ('usage' | 'progress' | 'drafts')[]
  /** Tells a stream's reader what the workers do: as comments, or as the reasoning of a model. */
  readonly progress?: 'comments' | 'reasoning'
}

/** What of the options changes who is asked and what it takes: a config may forbid each. */
export const overrides = ['mixture', 'workers', 'aggregate', 'strategy', 'quorum', 'budget'] as const
export type Override = (typeof overrides)[number]

/** Who asks, as far as routing may know it. */
export interface Caller {
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The name of the caller's key, never the key. */
  readonly key?: string
}

/** JSON as a dialect writes it. */
export interface NativeText {
  readonly dialect: NativeDialect
  readonly json: string
  /**
   * The id of the upstream that keeps what the text names: of an answer, that upstream can be sent its id; of a request,
   * no other understands it.
   */
  readonly heldBy?: string
}

/** What is not translated at all: only a server that has the path can answer it. */
export type RelayedDialect = 'openai-embeddings' | 'openai-completions'

/** The dialects beside OpenAI chat, whose objects are those of the shared language. */
export type NativeDialect = 'openai-responses' | 'anthropic-messages' | RelayedDialect

export interface ChatRequest {
  readonly body: ChatBody
  /**
   * The JSON text that `body` was parsed from, so that a bypass can send it on without writing it again. Whoever
   * changes the body makes a request without it: `withBody` does.
   */
  readonly source?: string
  /**
   * The request in the dialect that it came in, where that is another than OpenAI chat, so that an upstream which speaks
   * that dialect loses nothing. It goes the way of `source`.
   */
  readonly native?: NativeText
  readonly options: RequestOptions
  readonly caller: Caller
}

/** A request from its body alone: no per-request options, nobody known behind it. */
export function createChatRequest(body: ChatBody, extras: Partial<Omit<ChatRequest, 'body'>> = {}): ChatRequest {
  return { options: {}, caller: { headers: {} }, ...extras, body }
}

/** The same request with other fields in its body. A field set to `undefined` is left out when it is written. */
export function withBody(request: ChatRequest, changes: Partial<ChatBody>): ChatRequest {
  return { body: { ...request.body, ...changes }, options: request.options, caller: request.caller }
}
