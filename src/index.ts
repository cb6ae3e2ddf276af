/** MoLLMR as a library: models, mixtures and routers that answer in process, without a server. */
export type { CallBudget, CallContext, LedgerRow, Span, SpanAttributes, Stage } from './chat/call-context.ts'
export type { BudgetLimits } from './chat/call-budget.ts'
export type { ChatChunk, ChatCompletion, ChatDelta, ChatEvent, ToolCallDelta } from './chat/chat-event.ts'
export { type ChatModel, createModelCard, type Modality, type ModelCard, type Price } from './chat/chat-model.ts'
export {
  type Caller,
  type ChatBody,
  type ChatMessage,
  type ChatRequest,
  type ContentPart,
  createChatRequest,
  type RequestOptions,
  type ToolCall,
} from './chat/chat-request.ts'
export { type Clock, systemClock } from './chat/clock.ts'
export { type Answer, collectAnswer } from './chat/collect-answer.ts'
export type { DeadlineLimits } from './chat/deadline.ts'
export {
  BudgetError,
  CancelledError,
  ConfigError,
  type ErrorCode,
  LoopError,
  MixtureError,
  MollmrError,
  RequestError,
  UpstreamError,
  type WorkerFailure,
} from './chat/errors.ts'
export type { Usage, UsageSource, UsageTotal, WireUsage } from './chat/usage.ts'
export { withinDeadline } from './chat/within-deadline.ts'
export { createMixture } from './mixture/mixture.ts'
export type {
  MemberDefinition,
  MixtureDefinition,
  SystemPromptDefinition,
  WorkerDefinition,
} from './mixture/mixture-definition.ts'
export type { TemplateDefinition } from './prompt/template.ts'
export { createRouter } from './router/router.ts'
export type { ComposeDefinition, RouteCandidate, RouterDefinition } from './router/router-definition.ts'
export type { Plan } from './router/plan.ts'
export type { LanguageDetector, RouteConditions, RouteRule } from './router/rules.ts'
export { type CallContextOptions, createCallContext } from './trace/call-context.ts'
export { recordCalls } from './trace/record-calls.ts'
export { createTrace, type SpanRecord, type Trace, type TraceEvent, type TraceListener } from './trace/trace.ts'
export { type AiSdkModelOptions, createAiSdkModel } from './upstream/ai-sdk/ai-sdk-model.ts'
export { createOpenAiModel, type OpenAiModelOptions } from './upstream/openai/openai-model.ts'
export { retried, type RetryOptions } from './upstream/retry.ts'
export { createSimulatedModel, type SimulatedModelOptions } from './upstream/simulated/simulated-model.ts'
