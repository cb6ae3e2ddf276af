/**
 * Choosing with a base model, in the strongest form that its upstream supports: a JSON schema, then one letter with
 * its likelihood, then free text. Which form works is found out once and remembered by the chooser.
 */
import type { CallContext } from '../chat/call-context.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import type { ChatBody } from '../chat/chat-request.ts'
import { strictFormat } from '../chat/strict-format.ts'
import type { Template } from '../prompt/template.ts'
import { askBaseModel, type BaseModelReply, isRefusal } from './base-model.ts'
import { fenceConversation, type Turn } from './conversation.ts'
import { noChoice, parseChoice } from './parse-choice.ts'
import type { chooseSlots } from './router-prompts.ts'

export interface RouteOption {
  readonly id: string
  readonly description: string
}

/** What the base model chose: the id of an option, or `none`. */
export interface Choice {
  readonly id: string
  /** 0 to 1; only the letters tell. */
  readonly confidence?: number
}

/** One choice to make. */
export interface Ballot {
  readonly options: readonly RouteOption[]
  readonly turns: readonly Turn[]
  /** A random line that the conversation cannot know. */
  readonly fence: string
}

/** `bare` is free text without the limits that some reasoning models refuse. */
type ChoiceForm = 'schema' | 'letters' | 'text' | 'bare'
type FormOutcome = Choice | 'refused' | 'unreadable'

const letters = 'ABCDEFGHIJKLMNOPQRST'
/** Of one choice. */
export const maxChoiceTokens = 64
/** Below this distance between the two likeliest letters their order may be what decided: ask again, rotated. */
const smallMargin = 0.2

/** Asks one base model, and remembers in which form that works. */
export class RouteChooser {
  readonly #model: ChatModel
  readonly #template: Template<typeof chooseSlots>
  /** The form that last brought a choice: a reply in it that cannot be read is a slip, not a missing ability. */
  #provenForm: ChoiceForm | undefined

  constructor(model: ChatModel, template: Template<typeof chooseSlots>) {
    this.#model = model
    this.#template = template
  }

  /**
   * The option that the model chooses; undefined where it replied with nothing that can be read.
   *
   * @throws whatever the model throws, but for the refusal of a form while there is a simpler one.
   */
  async choose(ballot: Ballot, context: CallContext): Promise<Choice | undefined> {
    for (let form: ChoiceForm | undefined = this.#provenForm ?? 'schema'; form;) {
      const outcome = await this.#ask(form, ballot, context)
      if (typeof outcome !== 'string') {
        this.#provenForm = form
        return outcome
      }
      if (outcome === 'unreadable' && form === this.#provenForm) return undefined
      form = nextForm(form, outcome)
    }
    return undefined
  }

  async #ask(form: ChoiceForm, ballot: Ballot, context: CallContext): Promise<FormOutcome> {
    context.span.set({ form })
    try {
      const choice =
        form === 'letters' ? await this.#askLetter(ballot, context) : await this.#askId(form, ballot, context)
      return choice ?? 'unreadable'
    } catch (error) {
      if (!isRefusal(error) || form === 'bare') throw error
      return 'refused'
    }
  }

  async #askId(form: keyof typeof idForms, ballot: Ballot, context: CallContext): Promise<Choice | undefined> {
    const ids = ballot.options.map(({ id }) => id)
    const { format, fieldsFor } = idForms[form]
    const prompt = this.#prompt(ballot, { lines: ballot.options.map(optionLine), format })
    const { text } = await askBaseModel(this.#model, { prompt, fields: fieldsFor(ids) }, context)
    const id = parseChoice(text, ids)
    return id === undefined ? undefined : { id }
  }

  async #askLetter(ballot: Ballot, context: CallContext): Promise<Choice | undefined> {
    const { options } = ballot
    if (options.length > letters.length) return undefined
    const first = await this.#likelihoods(ballot, options, context)
    if (!first.isMeasured) return withoutConfidence(likeliest(first.byId))
    if (first.byId.size === 0 || marginOf(first.byId) >= smallMargin) return likeliest(first.byId)
    const half = Math.ceil(options.length / 2)
    const rotated = [...options.slice(half), ...options.slice(0, half)]
    return likeliest(mean(first.byId, (await this.#likelihoods(ballot, rotated, context)).byId))
  }

  async #likelihoods(ballot: Ballot, options: readonly RouteOption[], context: CallContext): Promise<Likelihoods> {
    const lines = options.map((option, index) => `${letters[index] ?? ''}. ${optionLine(option)}`)
    const prompt = this.#prompt(ballot, { lines, format: 'Reply with the letter of one option and nothing else.' })
    const reply = await askBaseModel(this.#model, { prompt, fields: letterFields }, context)
    return { byId: softmax(letterLogprobs(reply), options), isMeasured: reply.firstTokens.length > 0 }
  }

  #prompt({ turns, fence }: Ballot, { lines, format }: { readonly lines: readonly string[]; readonly format: string }) {
    return this.#template.fill({
      options: lines.map((line) => `- ${line}`).join('\n'),
      conversation: fenceConversation(turns, fence),
      reply_format: format,
      fence,
    })
  }
}

const idFormat = 'Reply with the name of one option and nothing else.'
const jsonFormat = 'Reply with JSON only: {"choice": "<name of one option>", "reason": "<at most ten words>"}'
const limits: Partial<ChatBody> = { temperature: 0, max_tokens: maxChoiceTokens }
const letterFields: Partial<ChatBody> = { temperature: 0, max_tokens: 1, logprobs: true, top_logprobs: letters.length }

const idForms: Readonly<
  Record<
    Exclude<ChoiceForm, 'letters'>,
    { readonly format: string; readonly fieldsFor: (ids: readonly string[]) => Partial<ChatBody> }
  >
> = {
  schema: { format: jsonFormat, fieldsFor: (ids) => ({ ...limits, ...choiceSchema(ids) }) },
  text: { format: idFormat, fieldsFor: () => limits },
  bare: { format: idFormat, fieldsFor: () => ({}) },
}

function choiceSchema(ids: readonly string[]): Partial<ChatBody> {
  const properties = { choice: { type: 'string', enum: ids }, reason: { type: 'string' } }
  return { response_format: strictFormat('route', properties) }
}

/** `bare` only helps against a refusal; a reply that cannot be read does not get better without limits. */
function nextForm(form: ChoiceForm, outcome: 'refused' | 'unreadable'): ChoiceForm | undefined {
  if (form === 'schema') return 'letters'
  if (form === 'letters') return 'text'
  return form === 'text' && outcome === 'refused' ? 'bare' : undefined
}

/** "none" reads as an option like any other, so that every form can choose it. */
function optionLine({ id, description }: RouteOption): string {
  return `${id}: ${description.replace(/\s+/gu, ' ').trim()}`
}

/** The option that stands for no option. */
export const noneOption: RouteOption = { id: noChoice, description: 'No other option fits.' }

/** How likely the model finds each option that it considers at all; they sum to 1. */
interface Likelihoods {
  readonly byId: ReadonlyMap<string, number>
  /** False where the upstream gave only the letter. */
  readonly isMeasured: boolean
}

function letterLogprobs({ text, firstTokens }: BaseModelReply): ReadonlyMap<string, number> {
  const logprobs = new Map<string, number>()
  for (const { token, logprob } of firstTokens.length > 0 ? firstTokens : [{ token: text, logprob: 0 }]) {
    const letter = /^\W*([A-Z])\W*$/i.exec(token)?.[1]?.toUpperCase()
    if (letter !== undefined) logprobs.set(letter, Math.max(logprob, logprobs.get(letter) ?? -Infinity))
  }
  return logprobs
}

function softmax(logprobs: ReadonlyMap<string, number>, options: readonly RouteOption[]): ReadonlyMap<string, number> {
  const shares = options.flatMap(({ id }, index): [string, number][] => {
    const logprob = logprobs.get(letters[index] ?? '')
    return logprob === undefined ? [] : [[id, Math.exp(logprob)]]
  })
  const sum = shares.reduce((total, [, share]) => total + share, 0)
  return new Map(sum > 0 ? shares.map(([id, share]) => [id, share / sum]) : [])
}

function mean(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const ids = [...new Set([...a.keys(), ...b.keys()])]
  return new Map(ids.map((id) => [id, ((a.get(id) ?? 0) + (b.get(id) ?? 0)) / 2]))
}

function marginOf(likelihoods: ReadonlyMap<string, number>): number {
  const [first = 0, second = 0] = [...likelihoods.values()].sort((a, b) => b - a)
  return first - second
}

function likeliest(likelihoods: ReadonlyMap<string, number>): Choice | undefined {
  const [best] = [...likelihoods].sort(([, a], [, b]) => b - a)
  return best && { id: best[0], confidence: best[1] }
}

function withoutConfidence(choice: Choice | undefined): Choice | undefined {
  return choice && { id: choice.id }
}
