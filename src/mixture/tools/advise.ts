/**
 * A request that offers tools: the workers, who have none, say what should be done, and the aggregate alone acts. They
 * are asked once for each turn of the user, however many tool calls the turn takes: what they said is kept under the
 * conversation up to the user's last message, so an agent that comes back with a result needs no session to find it.
 */
import type { ChatEvent } from '../../chat/chat-event.ts'
import { type ChatMessage, withBody } from '../../chat/chat-request.ts'
import { MixtureError } from '../../chat/errors.ts'
import { appendText } from '../../chat/message-text.ts'
import { askAggregateAlone, writeAnswer } from '../answer/aggregate.ts'
import { toolNamesOf } from './bears-tools.ts'
import { contentOf, type Draft, draftFrom } from '../drafts/draft.ts'
import { adviceKeyOf } from '../drafts/draft-key.ts'
import { draftsPrompt } from '../block/drafts-prompt.ts'
import { gatherDrafts } from '../drafts/gather-drafts.ts'
import { mixtureValues, type MixtureRun } from '../mixture-run.ts'
import type { KeptDraft } from '../drafts/stage-cache.ts'
import type { Strategy } from '../strategies/strategy.ts'
import { isToolResult } from './tools-as-text.ts'

/** Has the aggregate act on what the workers advise. */
const advisePrompt = draftsPrompt('advise')

/** How long advice lasts after its last use: tools may take their time. */
const adviceMs = 30 * 60_000

/** The aggregate acts or answers, with the advice of the workers where there is any. */
export const advise = { prompts: [advisePrompt], asks: () => ['answer'], answer } as const satisfies Strategy

async function answer(run: MixtureRun): Promise<AsyncIterable<ChatEvent>> {
  const advice =
    run.mixture.tools === 'every_turn' ? await askAdvisers(run, run.request.body.messages) : await adviceOfTurn(run)
  return advice.length === 0
    ? askAggregateAlone(run)
    : writeAnswer(run, advice, { prompt: advisePrompt, standsIn: false })
}

/** What the workers have said to the user's last message; nothing where that is forgotten and tools are at work already. */
async function adviceOfTurn(run: MixtureRun): Promise<readonly Draft[]> {
  const { turn, key, kept, isGone } = adviceOf(run)
  if (kept) {
    keepAdvice(run, key, kept)
    return recalledAdvice(run, kept)
  }
  if (isGone) {
    run.context.span.set({ advice: 'gone' })
    return []
  }
  const advice = await askAdvisers(run, turn.length > 0 ? turn : run.request.body.messages)
  if (advice.length > 0)
    keepAdvice(
      run,
      key,
      advice.map((draft) => ({ ...contentOf(draft), worker: draft.worker.label })),
    )
  return advice
}

interface Advice {
  /** The conversation that it is on. */
  readonly turn: readonly ChatMessage[]
  readonly key: string
  readonly kept: readonly KeptDraft[] | null
  /** True where tools are at work already and nothing is kept: nobody is asked then. */
  readonly isGone: boolean
}

/** What there is of advice before anybody is asked for it. */
export function adviceOf(run: MixtureRun): Advice {
  const { messages } = run.request.body
  const turn = turnOf(messages)
  const key = adviceKeyOf(run, turn)
  const kept = run.stageCache.recall(key, run.context.clock.now())
  return { turn, key, kept, isGone: kept === null && messages.slice(turn.length).some(isToolResult) }
}

/**
 * The conversation up to the message that the user's turn began with. What a client adds behind a tool's result in the
 * user's name, a reminder or a note, begins no turn.
 */
function turnOf(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const begins = ({ role }: ChatMessage, index: number): boolean => {
    const before = messages[index - 1]
    return role === 'user' && !(before && isToolResult(before))
  }
  return messages.slice(0, messages.findLastIndex(begins) + 1)
}

/** Advice is no more than advice: where no worker has any, the aggregate goes on alone. */
async function askAdvisers(run: MixtureRun, messages: readonly ChatMessage[]): Promise<readonly Draft[]> {
  const { context } = run
  try {
    const advice = await gatherDrafts({ ...run, request: withBody(run.request, { messages: withLine(run, messages) }) })
    context.span.set({ advice: 'made' })
    return advice
  } catch (error) {
    if (!(error instanceof MixtureError)) throw error
    context.span.set({ advice: 'failed', degraded: `0/${run.wantedDrafts}` })
    return []
  }
}

/** The conversation with a line that says what is wanted of a worker: no answer, and no claim to have acted. */
function withLine(run: MixtureRun, messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const tools = toolNamesOf(run.request.body).join(', ')
  const line = run.mixture.adviser.fill({ ...mixtureValues(run), tools })
  const last = messages.at(-1)
  return last?.role === 'user'
    ? messages.with(-1, appendText(last, line))
    : [...messages, { role: 'user', content: line }]
}

function recalledAdvice({ mixture, context }: MixtureRun, kept: readonly KeptDraft[]): readonly Draft[] {
  const advice = kept.flatMap(({ worker: label, ...content }) => {
    const worker = mixture.workers.find((each) => each.label === label)
    if (!worker) return []
    const span = context.span.child('worker', label, { sample: worker.sample, reused: true })
    span.end('ok')
    return draftFrom(content, { worker, span, messages: [], mayAct: false })
  })
  context.span.set({ advice: 'reused', drafts: advice.length })
  return advice
}

function keepAdvice({ stageCache, context: { clock } }: MixtureRun, key: string, advice: readonly KeptDraft[]): void {
  stageCache.keep(key, advice, { nowMs: clock.now(), forMs: adviceMs })
}
