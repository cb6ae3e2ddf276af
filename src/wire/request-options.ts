/** The body field `mollmr`: read once, each field checked under its own path. */
import { type BudgetLimits, budgetPolicies } from '../chat/call-budget.ts'
import type { RequestOptions } from '../chat/chat-request.ts'
import { RequestError } from '../chat/errors.ts'
import { isObject } from '../chat/loose-json.ts'
import { checkFields, type FieldRule, invalidField, isListOf } from './field-rules.ts'

const nonEmpty = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1
const ifGiven = (wants: string, holds: (value: unknown) => boolean): FieldRule => ({ wants, holds, required: false })

const isSubset = (value: unknown, known: readonly unknown[]): boolean =>
  Array.isArray(value) && value.every((item) => known.includes(item))

const rules: Readonly<Record<string, FieldRule>> = {
  mixture: ifGiven('the id of a mixture or model', nonEmpty),
  workers: ifGiven(
    'a list of ids of models or mixtures',
    (value) => isListOf(value, 'string') && (value as readonly string[]).length > 0,
  ),
  aggregate: ifGiven('the id of a model or mixture', nonEmpty),
  strategy: ifGiven('the name of a strategy', nonEmpty),
  quorum: ifGiven('a whole number of at least 1', isCount),
  budget: ifGiven('an object', isObject),
  include: ifGiven('a list of "usage", "progress" and "drafts"', (value) =>
    isSubset(value, ['usage', 'progress', 'drafts']),
  ),
  progress: ifGiven('"comments" or "reasoning"', (value) => value === 'comments' || value === 'reasoning'),
}

const budgetRules: Readonly<Record<string, FieldRule>> = {
  max_calls: ifGiven('a whole number of at least 1', isCount),
  max_tokens: ifGiven('a whole number of at least 1', isCount),
  max_cost_usd: ifGiven('a number above 0', (value) => typeof value === 'number' && value > 0 && value < Infinity),
  on_budget: ifGiven(`one of ${budgetPolicies.join(', ')}`, (value) => budgetPolicies.some((known) => known === value)),
}

/** @throws RequestError with `param`; an unknown field is one, because a typo would silently change nothing */
export function parseRequestOptions(written: unknown): RequestOptions {
  const { budget, ...options } = checkedFields(written, 'mollmr', rules)
  return budget === undefined ? options : { ...options, budget: parseBudget(budget) }
}

function parseBudget(written: unknown): BudgetLimits {
  const budget = checkedFields(written, 'mollmr.budget', budgetRules)
  const fields = {
    maxCalls: budget['max_calls'],
    maxTokens: budget['max_tokens'],
    maxCostUsd: budget['max_cost_usd'],
    onBudget: budget['on_budget'],
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function checkedFields(
  written: unknown,
  path: string,
  known: Readonly<Record<string, FieldRule>>,
): Readonly<Record<string, unknown>> {
  if (!isObject(written)) throw invalidField(path, 'an object')
  const unknown = Object.keys(written).find((field) => !Object.hasOwn(known, field))
  if (unknown !== undefined) {
    const param = `${path}.${unknown}`
    const message = `${param} is not known; known are ${Object.keys(known).join(', ')}.`
    throw new RequestError('invalid_request', message, { param })
  }
  checkFields(written, Object.entries(known), `${path}.`)
  return written
}
