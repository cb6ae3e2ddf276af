/**
 * A mixture is a model made of models: workers write drafts, an aggregate turns them into the one answer, a strategy says
 * how. It is a `ChatModel` itself, so a mixture can be a worker, an aggregate or a route like any other.
 */
import { randomBytes } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { createCallBudget } from '../chat/call-budget.ts'
import type { CallContext } from '../chat/call-context.ts'
import type { ChatEvent } from '../chat/chat-event.ts'
import { type ChatModel, createModelCard, type ModelCard } from '../chat/chat-model.ts'
import { type ChatRequest, type RequestOptions, withBody } from '../chat/chat-request.ts'
import { createDeadline } from '../chat/deadline.ts'
import { CancelledError, ConfigError, RequestError } from '../chat/errors.ts'
import { linkAbort } from '../chat/link-abort.ts'
import type { Circumstances } from '../chat/explanation.ts'
import { offersTools } from '../chat/message-text.ts'
import { nearestName } from '../chat/nearest-name.ts'
import { tapEvents } from '../chat/tap-events.ts'
import { applySystemPrompt } from '../prompt/system-prompt.ts'
import { advise } from './tools/advise.ts'
import { affordableRun } from './budget/affordable-run.ts'
import { answerWithoutDrafts, askAggregateAlone } from './answer/aggregate.ts'
import { bearsTools } from './tools/bears-tools.ts'
import { BodyDigest } from './drafts/body-digest.ts'
import { passEarlierRounds } from './drafts/earlier-rounds.ts'
import { explainMixture } from './explain-mixture.ts'
import { createBoundary } from './block/fence.ts'
import { isResting } from './is-resting.ts'
import { mixtureDefaults } from './mixture-defaults.ts'
import type { MixtureDefinition, MixtureDependencies } from './mixture-definition.ts'
import { mixtureValues, type MixtureRun } from './mixture-run.ts'
import { readersOf, requireReader } from './modality.ts'
import type { Matter } from './budget/reckon-panel.ts'
import { resolveMixture } from './resolve-mixture.ts'
import type { ResolvedMixture } from './resolved-mixture.ts'
import { plainSchemaProblem, type SchemaProblem } from './answer/response-format.ts'
import { StageCache } from './drafts/stage-cache.ts'
import type { Strategy } from './strategies/strategy.ts'
import { isStrategyName, strategies, type StrategyName, strategyNames } from './strategies/strategies.ts'

/**
 * Makes one model of several.
 *
 * The span that a caller gives gets `model` (who wrote the answer), `strategy`, `quorum`, `drafts` and, where workers
 * were lost, `degraded` ("2/3"); below it stand a `worker` span for each draft and an `aggregate` span for each try.
 *
 * @throws ConfigError where a template has an unknown slot or the quorum cannot be reached
 */
export function createMixture(definition: MixtureDefinition, dependencies: MixtureDependencies = {}): ChatModel {
  const parts: MixtureParts = {
    mixture: resolveMixture(definition),
    strategy: knownStrategy(
      definition.strategy ?? mixtureDefaults.strategy,
      (message) => new ConfigError(`mixture "${definition.id}": ${message}`),
    ),
    randomBytes: dependencies.randomBytes ?? randomBytes,
    schemaProblem: dependencies.schemaProblem ?? plainSchemaProblem,
    stageCache: dependencies.stageCache ?? new StageCache({ maxEntries: 0, maxBytes: 0 }),
    version: dependencies.version ?? '',
  }
  return {
    id: definition.id,
    card: cardOf(parts.mixture),
    chat: (request, context) => answer(withReaders(parts, request), request, context),
    explain: (request, circumstances) => {
      const able = withReaders(parts, request)
      const [name] = strategyFor(able, request)
      return explainMixture(matterOf(able, request, circumstances), name)
    },
    isResting: (nowMs) => isResting(parts.mixture, strategies[parts.strategy], nowMs),
  }
}

interface MixtureParts {
  readonly mixture: ResolvedMixture
  readonly strategy: StrategyName
  readonly randomBytes: (size: number) => Uint8Array
  readonly schemaProblem: SchemaProblem
  readonly stageCache: StageCache
  readonly version: string
}

/** Without the workers that cannot open what the request holds, where others can. */
function withReaders(parts: MixtureParts, { body }: ChatRequest): MixtureParts {
  const workers = readersOf(parts.mixture, body.messages)
  return workers === parts.mixture.workers ? parts : { ...parts, mixture: { ...parts.mixture, workers } }
}

function answer(parts: MixtureParts, request: ChatRequest, context: CallContext): AsyncIterable<ChatEvent> {
  return tapEvents(async () => {
    const link = linkAbort(context.signal)
    const close = (): void => {
      // An abort makes an error with its stack, and an event: not where nobody hears it.
      if (getEventListeners(link.signal, 'abort').length > 0) link.abort(new CancelledError())
      link.release()
    }
    try {
      return { events: await eventsOf(parts, request, { ...context, signal: link.signal }), close }
    } catch (error) {
      close()
      throw error
    }
  })
}

function eventsOf(parts: MixtureParts, request: ChatRequest, context: CallContext): Promise<AsyncIterable<ChatEvent>> {
  const { run, bypass } = affordableRun(openRun(parts, request, context), () =>
    matterOf(parts, request, { clock: context.clock, addedTokens: 0 }),
  )
  if (bypass) {
    context.span.set({ mode: 'bypass', bypassReason: bypass })
    return askAggregateAlone(run)
  }
  const [name, strategy] = strategyFor(parts, request)
  if (strategy.isForwarding) requireNoLogprobs(name, request)
  requireFewChoices(request)
  const members = [...run.mixture.aggregates, ...run.mixture.workers].map(({ model }) => model)
  requireReader(request.body.messages, members)
  context.span.set({ strategy: name, quorum: run.quorum })
  const hasOneRound = run.mixture.layers === 1 || bearsTools(request.body)
  const answered = hasOneRound
    ? strategy.answer(run)
    : passEarlierRounds(run, parts.randomBytes).then((lastRound) => strategy.answer(lastRound))
  return run.mixture.minWorkers > 0 ? answered : answered.catch((error: unknown) => answerWithoutDrafts(run, error))
}

/** Each choice is a call to the aggregate. */
const mostChoices = 16

function requireFewChoices({ body }: ChatRequest): void {
  if ((body.n ?? 1) <= mostChoices) return
  throw new RequestError('unsupported_parameter', `n is ${body.n}; a mixture gives at most ${mostChoices} choices.`, {
    param: 'n',
  })
}

/** A draft was written before anybody knew that it would be the answer. */
function requireNoLogprobs(strategy: string, { body }: ChatRequest): void {
  if (body.logprobs !== true) return
  throw new RequestError(
    'unsupported_parameter',
    `logprobs cannot be given where the answer is one of several drafts, as by ${strategy}; leave it out, or ask a ` +
      'single model or a mixture whose aggregate writes the answer.',
    { param: 'logprobs' },
  )
}

/**
 * Where tools are on offer, who acts decides how the answer is made; else the strategy does.
 *
 * @throws RequestError where workers are to act and only the older form, `functions`, says with what
 */
function strategyFor(parts: MixtureParts, { body, options }: ChatRequest): readonly [name: string, strategy: Strategy] {
  const { id, tools, workers } = parts.mixture
  if (tools === 'select' && offersTools(body)) return [tools, strategies.select]
  if (tools === 'select' && bearsTools(body) && workers.length > 0) throw olderForm(id)
  if (bearsTools(body)) return [tools, advise]
  const name = strategyOf(parts, options)
  return [name, strategies[name]]
}

function olderForm(id: string): RequestError {
  return new RequestError(
    'unsupported_parameter',
    `functions is the older form of tools; the workers of "${id}" act (tools: select), which they can with tools alone. ` +
      'Send tools and tool_choice, or ask a mixture whose aggregate acts.',
    { param: 'functions' },
  )
}

function openRun(parts: MixtureParts, request: ChatRequest, context: CallContext): MixtureRun {
  const { mixture, randomBytes, schemaProblem, stageCache, version } = parts
  const { firstContentMs, idleMs } = context.deadline
  const budget = createCallBudget(mixture.budget ?? {}, context.budget)
  return {
    mixture,
    request: memberRequest(mixture, request, context),
    clientMessages: request.body.messages,
    context: {
      ...context,
      deadline: createDeadline(context.clock, { firstContentMs, idleMs, ...mixture.deadline }, context.deadline),
      budget,
      startOver: null,
    },
    draftBudget: budget,
    workersAct: mixture.tools === 'select' && offersTools(request.body),
    quorum: quorumOf(mixture, request),
    wantedDrafts: mixture.workers.length,
    answerId: `chatcmpl-${Buffer.from(randomBytes(12)).toString('hex')}`,
    boundary: createBoundary(randomBytes),
    roundBefore: null,
    stageCache,
    version,
    digest: new BodyDigest(),
    schemaProblem,
  }
}

function matterOf(parts: MixtureParts, request: ChatRequest, circumstances: Circumstances): Matter {
  const { mixture } = parts
  return {
    mixture,
    strategy: strategyFor(parts, request)[1],
    options: request.options,
    request: memberRequest(mixture, request, circumstances),
    quorum: quorumOf(mixture, request),
    circumstances,
  }
}

function quorumOf({ quorum, minWorkers, workers }: ResolvedMixture, { options }: ChatRequest): number {
  return Math.min(Math.max(options.quorum ?? quorum, minWorkers), Math.max(1, workers.length))
}

/** The options were this mixture's; a mixture below it has its own strategy and quorum. */
function memberRequest(
  mixture: ResolvedMixture,
  request: ChatRequest,
  { clock }: Pick<CallContext, 'clock'>,
): ChatRequest {
  const own = { ...request, options: {} }
  if (!mixture.systemPrompt) return own
  const values = mixtureValues({ mixture, context: { clock } })
  return withBody(own, { messages: applySystemPrompt(request.body.messages, mixture.systemPrompt, values) })
}

function strategyOf({ strategy }: MixtureParts, options: RequestOptions): StrategyName {
  if (options.strategy === undefined) return strategy
  return knownStrategy(
    options.strategy,
    (message) => new RequestError('invalid_request', `mollmr.${message}`, { param: 'mollmr.strategy' }),
  )
}

function knownStrategy(name: string, errorOf: (message: string) => Error): StrategyName {
  if (isStrategyName(name)) return name
  const nearest = nearestName(name, strategyNames)
  const hint = nearest ? `did you mean "${nearest}"?` : `known are ${strategyNames.join(', ')}.`
  throw errorOf(`strategy "${name}" is not known; ${hint}`)
}

function cardOf({ description, depth, workers, aggregates }: ResolvedMixture): ModelCard {
  const members = [...aggregates, ...workers].map(({ model }) => model.card)
  const [aggregate] = members
  return createModelCard({
    kind: 'mixture',
    ownedBy: 'mollmr',
    depth,
    modalities: [...new Set(members.flatMap(({ modalities }) => modalities))],
    simulated: members.some(({ simulated }) => simulated),
    tools: aggregate?.tools ?? false,
    ...(aggregate?.contextWindow === undefined ? {} : { contextWindow: aggregate.contextWindow }),
    ...(description === '' ? {} : { description }),
  })
}
