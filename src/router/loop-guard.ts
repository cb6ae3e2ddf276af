/**
 * Some programs ask again at once when they do not understand an answer; one was seen to ask 833 times in 30 s. Behind
 * a router every one of those would wake a mixture. The guard answers such a loop by a single model, then not at all.
 */
import { type ChatModel, isAwake } from '../chat/chat-model.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { LoopError } from '../chat/errors.ts'
import { isToolCallPending, turnOf, type Visit } from './affinity.ts'
import { RecentMap } from './recent-map.ts'
import { canServe, needsOf } from './request-needs.ts'
import type { Route } from './route.ts'
import { routerDefaults } from './router-defaults.ts'
import type { RouterDefinition } from './router-definition.ts'

const windowMs = 60_000
const capacity = 10_000

/** How one conversation has been asking. */
interface Habit {
  readonly turn: string
  /** Of the conversation that was sent. */
  readonly length: number
  /** An agent at work: the result of a tool is news, and must reach the model that called the tool. Not counted. */
  readonly isStep: boolean
  /** Calls for the same user turn, however long they take. */
  readonly repeats: number
  /** Calls of the minute that began at `sinceMs`. */
  readonly calls: number
  readonly sinceMs: number
  readonly seenAtMs: number
}

interface LoopGuardDefinition {
  /** Of one conversation; more go to a single model, and more than twice as many are refused. */
  readonly callsPerMinute: number
  /** The single models to answer a loop, best first; the first that can serve the request and is awake does. */
  readonly bypasses: readonly ChatModel[]
}

/** Remembers how the conversations seen last have been asking. */
export class LoopGuard {
  readonly #definition: LoopGuardDefinition
  readonly #habits = new RecentMap<Habit>(capacity)

  constructor(definition: LoopGuardDefinition) {
    this.#definition = definition
  }

  /** Counts a call that may wake a mixture. The bypass where the conversation loops, else undefined. @throws LoopError */
  enter(visit: Visit, request: ChatRequest): Route | undefined {
    const habit = nextHabit(this.#habits.get(visit.key), visit)
    this.#habits.set(visit.key, habit)
    return this.#judge(habit, visit, request)
  }

  /** What `enter` would give, while nothing else is asked. @throws LoopError */
  foresee(visit: Visit, request: ChatRequest): Route | undefined {
    return this.#judge(nextHabit(this.#habits.peek(visit.key), visit), visit, request)
  }

  #judge({ isStep, repeats, calls, sinceMs }: Habit, { nowMs }: Visit, request: ChatRequest): Route | undefined {
    const { callsPerMinute, bypasses } = this.#definition
    const most = Math.max(repeats, calls)
    if (isStep || most <= callsPerMinute) return undefined
    if (most > 2 * callsPerMinute) {
      // A turn that is repeated is forgotten after a minute of silence, a crowded minute when it is over.
      throw new LoopError(most, repeats > 2 * callsPerMinute ? windowMs : sinceMs + windowMs - nowMs)
    }
    const needs = needsOf(request)
    const able = bypasses.filter(({ card }) => canServe(card, needs))
    const model = able.find((one) => isAwake(one, nowMs)) ?? able[0]
    return model && { model, source: 'loop_guard' }
  }
}

function nextHabit(before: Habit | undefined, { messages, nowMs }: Visit): Habit {
  const now = { turn: turnOf(messages), length: messages.length, seenAtMs: nowMs }
  const last = before && nowMs - before.seenAtMs < windowMs ? before : undefined
  const isSameTurn = last?.turn === now.turn
  const isStep = isToolCallPending(messages) && !(isSameTurn && last.length === now.length)
  const counted = isStep ? 0 : 1
  const isOver = !last || nowMs - last.sinceMs >= windowMs
  return {
    ...now,
    isStep,
    repeats: (isSameTurn ? last.repeats : 0) + counted,
    calls: (isOver ? 0 : last.calls) + counted,
    sinceMs: isOver ? nowMs : last.sinceMs,
  }
}

/** The guard of a router: a loop goes to its side model, else its base model, else its strongest single model. */
export function createLoopGuard(definition: RouterDefinition): LoopGuard | undefined {
  const { candidates, compose, sideModel, model, loopGuard } = definition
  const { callsPerMinute } = loopGuard ?? routerDefaults
  if (callsPerMinute === 0) return undefined
  const served = [...candidates.map((candidate) => candidate.model), ...(compose?.pool ?? [])]
  const strongestFirst = served.sort((a, b) => (b.card.quality ?? -1) - (a.card.quality ?? -1))
  const known = [sideModel, model, ...strongestFirst].filter((one) => one !== undefined)
  const bypasses = known.filter(({ card }) => card.kind === 'model')
  return new LoopGuard({ callsPerMinute, bypasses })
}
