/** What a config means, after references are resolved and defaults are filled in. Deep-frozen; `loadConfig` makes it. */
import type { BudgetLimits } from '../chat/call-budget.ts'
import type { Modality, Price } from '../chat/chat-model.ts'
import type { Override } from '../chat/chat-request.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import type { ToolsMode } from '../mixture/mixture-defaults.ts'
import type { PromptName, StrategyName } from '../mixture/strategies/strategies.ts'
import type { RouteRule } from '../router/rules.ts'

export interface Config {
  readonly server: ServerConfig
  /** By upstream id. */
  readonly upstreams: ReadonlyMap<string, UpstreamConfig>
  /** By model id; every model that is named anywhere. */
  readonly models: ReadonlyMap<string, ModelConfig>
  readonly mixtures: readonly MixtureConfig[]
  readonly router: RouterConfig | null
  /** Of callers; with none everybody may ask. */
  readonly keys: readonly KeyConfig[]
  /** Where this came from, for messages: a path, or what was found on the machine. */
  readonly origin: string
  /** SHA-256 of the resolved config, in hex; part of cache keys. */
  readonly version: string
}

export interface ServerConfig {
  readonly host: string
  readonly port: number
  /** Put before every listed id; accepted with and without. */
  readonly modelPrefix: string
  readonly maxBodyBytes: number
  /** Requests at the same time; more are turned away. */
  readonly maxInFlight: number
  /** How long running answers may take once the gateway is told to stop. */
  readonly drainMs: number
  /** Of a whole request, whatever serves it. */
  readonly deadline: DeadlineLimits
  /** What a request may change in its field `mollmr`. */
  readonly overrides: readonly Override[]
  /** How the request log is kept, where there is one. */
  readonly log: LogConfig
  /** Origins that browsers may call from; `*` is everyone. */
  readonly corsOrigins: readonly string[]
}

export interface LogConfig {
  /** True where an answer ends only once its request is on the disk. */
  readonly sync: boolean
  /** True where requests are turned away while it cannot be written. */
  readonly required: boolean
}

/** A key that callers show; the key itself is nowhere in here. */
export interface KeyConfig {
  readonly name: string
  /** As `digestKey` writes it. */
  readonly digest: string
  /** The ids that it may ask; undefined: all. */
  readonly models?: readonly string[]
  /** Of one day (UTC); undefined: no limit. */
  readonly budget?: BudgetLimits
}

export type UpstreamConfig =
  OpenAiUpstreamConfig | HostedUpstreamConfig | AiSdkUpstreamConfig | LocalUpstreamConfig | SimulatedUpstreamConfig

interface UpstreamLimits {
  /** Calls at the same time; more wait in line. Undefined: no limit. */
  readonly maxConcurrency?: number
  /** Attempts after the first, before any content. */
  readonly maxRetries: number
}

export interface OpenAiUpstreamConfig extends UpstreamLimits {
  readonly kind: 'openai'
  readonly id: string
  readonly baseUrl: string
  readonly apiKey: string
  /** Sent with every request, beside the key. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether the server speaks the whole Responses API; undefined: where its host is known for it. */
  readonly responses?: boolean
  /** By the names of the table of quirks. */
  readonly quirks: readonly string[]
}

/** A provider that comes with MoLLMR. */
export interface HostedUpstreamConfig extends UpstreamLimits {
  readonly kind: 'anthropic' | 'google'
  readonly id: string
  /** Undefined: the provider's own. */
  readonly baseUrl?: string
  readonly apiKey: string
  readonly headers: Readonly<Record<string, string>>
}

/** A provider of the user's choice. */
export interface AiSdkUpstreamConfig extends UpstreamLimits {
  readonly kind: 'ai-sdk'
  readonly id: string
  readonly package: string
  readonly factory?: string
  /** May hold secrets under any name: never printed. */
  readonly options: Readonly<Record<string, unknown>>
}

export interface LocalUpstreamConfig extends UpstreamLimits {
  readonly kind: 'local'
  readonly id: string
  /** Absolute path of the GGUF file. */
  readonly gguf: string
  readonly contextSize?: number
  readonly threads?: number
}

export interface SimulatedUpstreamConfig extends UpstreamLimits {
  readonly kind: 'simulated'
  readonly id: string
  readonly seed: number
  readonly firstTokenMs: number
  readonly tokensPerSecond: number
  /** 0 to 1: the share of calls that fail. */
  readonly failureRate: number
  /** 0 to 1: the share of closed questions that are answered right. */
  readonly accuracy: number
}

export interface ModelConfig {
  readonly id: string
  readonly upstream: string
  /** What the upstream calls it. */
  readonly name: string
  readonly description?: string
  readonly strengths: readonly string[]
  readonly quality?: number
  readonly price?: Price
  readonly contextWindow?: number
  readonly modalities: readonly Modality[]
  readonly tools: boolean
  /** Body fields that are set where the request leaves them out. */
  readonly params: Readonly<Record<string, unknown>>
  readonly systemPrompt?: SystemPromptConfig
}

/** A Liquid text and how it meets the client's own system message. */
export interface SystemPromptConfig {
  readonly mode: 'prepend' | 'append' | 'replace'
  readonly template: TemplateConfig
}

/** A template's text and where it was written, for messages. */
export interface TemplateConfig {
  readonly text: string
  /** `config.yaml:14` or the path of the file. */
  readonly origin: string
}

export interface MixtureConfig {
  readonly name: string
  /** Without one, the router does not offer this mixture. */
  readonly description?: string
  readonly strategy: StrategyName
  readonly aggregate: MemberConfig
  readonly aggregateFallbacks: readonly string[]
  readonly workers: readonly WorkerConfig[]
  /** Rounds; undefined: one. */
  readonly layers?: number
  /** Drafts that `rank_fuse` makes the answer of; undefined: the mixture's default. */
  readonly topK?: number
  /** Calls to workers that `cascade` begins with; undefined: the mixture's default. */
  readonly firstWorkers?: number
  /** Usable drafts that suffice; undefined: two thirds of the workers, rounded up. */
  readonly quorum?: number
  /** Calls to workers that are allowed. */
  readonly maxWorkers?: number
  readonly minWorkers: number
  readonly graceMs: number
  readonly modality: 'drop' | 'describe'
  /** How a request that offers tools runs. */
  readonly tools: ToolsMode
  readonly alwaysAggregate: boolean
  readonly anonymise: boolean
  readonly shuffle: boolean
  readonly maxDraftCharacters: number
  /** 0 where drafts are not reused. */
  readonly reuseDraftsMs: number
  readonly workerDeadline: DeadlineLimits
  readonly deadline: DeadlineLimits
  readonly budget: BudgetLimits
  readonly systemPrompt?: SystemPromptConfig
  readonly prompts: Readonly<Partial<Record<PromptName, TemplateConfig>>>
}

/** A model in its part in a mixture. `model` is the id of a model, a mixture or `router`. */
export interface MemberConfig {
  readonly model: string
  readonly description?: string
  readonly params: Readonly<Record<string, unknown>>
  readonly systemPrompt?: SystemPromptConfig
}

export interface WorkerConfig extends MemberConfig {
  readonly samples: number
  readonly weight: number
  /** Rewrites the last user message; slots as in docs/configuration.md. */
  readonly template?: TemplateConfig
  readonly deadline: DeadlineLimits
}

export interface RouterConfig {
  /** The id of the base model that chooses; undefined: rules, the local scorer and the default decide. */
  readonly model?: string
  readonly default?: string
  /** Serves title, tag and follow-up requests. */
  readonly sideModel?: string
  readonly rules: readonly RouteRule[]
  readonly compose?: ComposeConfig
  readonly deadlineMs: number
  /** Mixture calls of one conversation, beyond which it is taken for a loop; 0: no guard. */
  readonly loopGuard: { readonly callsPerMinute: number }
  readonly prompts: { readonly choose?: TemplateConfig; readonly compose?: TemplateConfig }
}

export interface ComposeConfig {
  readonly pool: readonly string[]
  readonly minWorkers: number
  readonly maxWorkers: number
}
