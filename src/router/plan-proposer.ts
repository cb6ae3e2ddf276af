/** Asks the base model for a plan, in a schema where the upstream takes one, and reads what comes back. */
import type { CallContext } from '../chat/call-context.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import type { ChatBody } from '../chat/chat-request.ts'
import { strictFormat } from '../chat/strict-format.ts'
import type { Template } from '../prompt/template.ts'
import { askBaseModel, isRefusal } from './base-model.ts'
import { fenceConversation, type Turn } from './conversation.ts'
import { jsonObjectsIn } from './json-objects.ts'
import { matchId, withoutThinking } from './parse-choice.ts'
import { type PlanStrategy, planStrategies } from './plan.ts'
import type { composeSlots } from './router-prompts.ts'

/** What a base model would do; ids are those of the models that it was shown. */
export interface Proposal {
  /** Without repetition, in the order proposed. */
  readonly workers: readonly string[]
  /** Drafts in all. */
  readonly count: number
  readonly aggregate: string | undefined
  readonly strategy: PlanStrategy
  readonly reason: string
}

export interface ProposalMatter {
  readonly models: readonly ChatModel[]
  readonly minWorkers: number
  readonly maxWorkers: number
  readonly turns: readonly Turn[]
  readonly fence: string
}

const maxTokens = 256
const maxReasonLength = 200
const replyFormat =
  'Reply with JSON only: {"workers": ["<name>", …], "count": <number>, "aggregate": "<name>", "strategy": "<strategy>", "reason": "<at most fifteen words>"}'

/** Asks one base model, and remembers whether its upstream takes a schema. */
export class PlanProposer {
  readonly #model: ChatModel
  readonly #template: Template<typeof composeSlots>
  #takesSchema = true

  constructor(model: ChatModel, template: Template<typeof composeSlots>) {
    this.#model = model
    this.#template = template
  }

  /**
   * The model's proposal; undefined where its reply names no worker.
   *
   * @throws whatever the model throws, but for the refusal of a schema.
   */
  async propose(matter: ProposalMatter, context: CallContext): Promise<Proposal | undefined> {
    const ids = matter.models.map(({ id }) => id)
    const prompt = this.#prompt(matter)
    const limits: Partial<ChatBody> = { temperature: 0, max_tokens: maxTokens }
    if (!this.#takesSchema)
      return parseProposal((await askBaseModel(this.#model, { prompt, fields: limits }, context)).text, ids)
    try {
      const fields = { ...limits, ...planSchema(ids) }
      return parseProposal((await askBaseModel(this.#model, { prompt, fields }, context)).text, ids)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const reply = await askBaseModel(this.#model, { prompt, fields: limits }, context)
      this.#takesSchema = false
      return parseProposal(reply.text, ids)
    }
  }

  #prompt({ models, minWorkers, maxWorkers, turns, fence }: ProposalMatter): string {
    return this.#template.fill({
      models: models.map(modelLine).join('\n'),
      conversation: fenceConversation(turns, fence),
      reply_format: replyFormat,
      fence,
      min_workers: minWorkers,
      max_workers: maxWorkers,
    })
  }
}

/** Reads a proposal leniently; workers that do not exist are left out. */
export function parseProposal(reply: string, ids: readonly string[]): Proposal | undefined {
  const objects = jsonObjectsIn(withoutThinking(reply))
  const proposal = objects.find(({ workers }) => Array.isArray(workers))
  const named = listOf(proposal?.['workers']).map((name) => idOf(name, ids))
  const known = named.filter((id) => id !== undefined)
  if (!proposal || known.length === 0) return undefined
  const { count, aggregate, strategy, reason } = proposal
  return {
    workers: [...new Set(known)],
    count: typeof count === 'number' && Number.isSafeInteger(count) && count > 0 ? count : known.length,
    aggregate: idOf(aggregate, ids),
    strategy: planStrategies.find((name) => name === strategy) ?? 'synthesize',
    reason: typeof reason === 'string' ? reason.slice(0, maxReasonLength) : '',
  }
}

function planSchema(ids: readonly string[]): Partial<ChatBody> {
  const id = { type: 'string', enum: ids }
  const properties = {
    workers: { type: 'array', items: id },
    count: { type: 'integer' },
    aggregate: id,
    strategy: { type: 'string', enum: planStrategies },
    reason: { type: 'string' },
  }
  return { response_format: strictFormat('plan', properties) }
}

function modelLine({ id, card }: ChatModel): string {
  const known = [
    card.description?.replace(/\s+/gu, ' ').trim(),
    card.strengths.length > 0 ? `good at ${card.strengths.join(', ')}` : undefined,
    card.quality === undefined ? undefined : `quality ${card.quality} of 1`,
    card.price && `${card.price.input} / ${card.price.output} USD per million tokens in / out`,
  ]
  const facts = known.filter((fact) => fact !== undefined && fact !== '').join('; ')
  return `- ${id}${facts === '' ? '' : `: ${facts}`}`
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function idOf(name: unknown, ids: readonly string[]): string | undefined {
  return typeof name === 'string' ? matchId(name, ids) : undefined
}
