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
  /** Of the last user message, as an ISO 639-1 code: `de`. */
  readonly language?: string
  readonly metadata?: Readonly<Record<string, string>>
}

export interface RouteRule {
  readonly when: RouteConditions
  /** The id of a candidate, or `compose`. */
  readonly use: string
}

/** Tells in which language a text is written. */
export interface LanguageDetector {
  /** The ISO 639-1 codes of those that it knows. */
  readonly languages: readonly string[]
  /** The code; null where the text is too short or too odd to tell. */
  readonly languageOf: (text: string) => string | null
}

/** What the first rule that fits says to use; undefined where none fits. */
export type RuleBook = (request: ChatRequest) => string | undefined

/**
 * Makes the rules ready to be asked. `loadDetector` is called where one of them is about a language.
 *
 * @throws ConfigError where a regular expression cannot be read, or a language is not known.
 */
export function createRuleBook(rules: readonly RouteRule[], loadDetector?: () => LanguageDetector): RuleBook {
  const detector = rules.some(({ when }) => when.language !== undefined) ? loadDetector?.() : undefined
  const compiled = rules.map((rule, index) => ({ use: rule.use, holds: compile(rule.when, index, detector) }))
  return (request) => compiled.find(({ holds }) => holds(request))?.use
}

type Condition = (request: ChatRequest) => boolean

/** Enough to tell a language by. */
const maxLanguageCharacters = 2000

function compile(when: RouteConditions, index: number, detector?: LanguageDetector): Condition {
  const pattern = when.matches === undefined ? undefined : compilePattern(when.matches, index)
  if (when.language !== undefined) requireLanguage(when.language, index, detector)
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
      holdsAll(when.metadata, body.metadata ?? {}) &&
      (when.language === undefined || detector?.languageOf(text.slice(0, maxLanguageCharacters)) === when.language)
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

function requireLanguage(language: string, index: number, detector: LanguageDetector | undefined): void {
  if (detector?.languages.includes(language)) return
  const known = detector
    ? `known are ${detector.languages.toSorted().join(', ')}`
    : 'the router has no language detector'
  throw new ConfigError(`router.rules[${index}].when.language: "${language}" cannot be told; ${known}.`)
}
