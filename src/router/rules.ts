/** Rules come before models: what an operator knows for sure needs no choice. */
import type { Modality } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { ConfigError } from '../chat/errors.ts'
import { lastUserMessage, offersTools, textOf } from '../chat/message-text.ts'
import { modalitiesOf } from './request-needs.ts'

/** The id under which composing is an option, a rule's `use` and a request's `mollmr.mixture`. */
export const composeId = 'compose'

/** All conditions that are given must hold. */
export interface RouteConditions {
  /** True: tools are offered and may be used. False: they are not. */
  readonly tools?: boolean
  readonly modality?: Modality
  /** Header name in lower case -> exact value. */
  readonly headers?: Readonly<Record<string, string>>
  /** The name of the caller's key. */
  readonly key?: string
  /** Characters of the last user message. */
  readonly minLength?: number
  readonly maxLength?: number
  /** A regular expression on the last user message, case-insensitive. */
  readonly matches?: string
  readonly metadata?: Readonly<Record<string, string>>
}

export interface RouteRule {
  readonly when: RouteConditions
  /** The id of a candidate, or `compose`. */
  readonly use: string
}

/** What the first rule that fits says to use; undefined where none fits. */
export type RuleBook = (request: ChatRequest) => string | undefined

/**
 * Makes the rules ready to be asked.
 *
 * @throws ConfigError where a regular expression cannot be read.
 */
export function createRuleBook(rules: readonly RouteRule[]): RuleBook {
  const compiled = rules.map((rule, index) => ({ use: rule.use, holds: compile(rule.when, index) }))
  return (request) => compiled.find(({ holds }) => holds(request))?.use
}

type Condition = (request: ChatRequest) => boolean

function compile(when: RouteConditions, index: number): Condition {
  const pattern = when.matches === undefined ? undefined : compilePattern(when.matches, index)
  return (request) => {
    const { body, caller } = request
    const text = textOf(lastUserMessage(body.messages) ?? { role: 'user' })
    return (
      (when.tools === undefined || offersTools(body) === when.tools) &&
      (when.modality === undefined || modalitiesOf(body.messages).has(when.modality)) &&
      (when.key === undefined || caller.key === when.key) &&
      (when.minLength === undefined || text.length >= when.minLength) &&
      (when.maxLength === undefined || text.length <= when.maxLength) &&
      (pattern === undefined || pattern.test(text)) &&
      holdsAll(when.headers, caller.headers) &&
      holdsAll(when.metadata, body.metadata ?? {})
    )
  }
}

function holdsAll(wanted: Readonly<Record<string, string>> = {}, given: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(wanted).every(([name, value]) => given[name] === value)
}

function compilePattern(pattern: string, index: number): RegExp {
  try {
    return new RegExp(pattern, 'iu')
  } catch (cause) {
    throw new ConfigError(`router.rules[${index}].when.matches is not a regular expression: ${pattern}`, { cause })
  }
}
