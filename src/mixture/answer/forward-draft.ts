/** A draft that becomes the answer as it is. */
import type { ChatCompletion, ChatDelta, ChatEvent } from '../../chat/chat-event.ts'
import { resumeEvents } from '../../chat/resume-events.ts'
import { bestDraft, type Draft } from '../drafts/draft.ts'
import { areMeant, mustAct } from '../tools/meant-calls.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { formProblem } from './response-format.ts'
import { piecesOf } from '../block/shorten-text.ts'
import { visibleUsage } from './visible-usage.ts'

/** The drafts that may be the answer as they are: the client may want a form that only the aggregate was asked for. */
export function forwardableDrafts(run: MixtureRun, drafts: readonly Draft[]): readonly Draft[] {
  const {
    request: { body },
    schemaProblem,
  } = run
  if (!mayForward(run)) return []
  return drafts.filter(({ text, toolCalls }) =>
    toolCalls.length > 0
      ? areMeant(toolCalls, body)
      : !mustAct(body) && formProblem(text.read(), body.response_format, schemaProblem) === null,
  )
}

/** False where the client wants of the answer what no draft has: several choices, or log probabilities. */
export function mayForward({ request: { body } }: MixtureRun): boolean {
  return (body.n ?? 1) <= 1 && body.logprobs !== true
}

/** The draft that makes an aggregate needless: the only one, or one of several that all refuse; else undefined. */
export function soleDraft(run: MixtureRun, drafts: readonly Draft[]): Draft | undefined {
  const refuse = drafts.every(({ flag }) => flag === 'refusal')
  if (run.mixture.alwaysAggregate || !(refuse || drafts.length === 1)) return undefined
  // A refusal is one in any form.
  return bestDraft(refuse && mayForward(run) ? drafts : forwardableDrafts(run, drafts))
}

/**
 * The one of `candidates` that takes the place of what the aggregate did not make of `drafts`; undefined where none has
 * the form for it.
 */
export function draftInstead(
  run: MixtureRun,
  drafts: readonly Draft[],
  candidates: readonly Draft[] = drafts,
): Draft | undefined {
  const best = bestDraft(forwardableDrafts(run, candidates))
  if (best) run.context.span.set({ degraded: `${drafts.length}/${run.wantedDrafts}`, degradedBy: 'aggregate' })
  return best
}

/** Hands a draft up as the answer, word for word, in the form that the client asked for. */
export function forwardDraft(run: MixtureRun, draft: Draft): AsyncIterable<ChatEvent> {
  const { request, context, clientMessages } = run
  context.span.set({ model: draft.worker.model.id })
  draft.span.note('draft_forwarded')
  const usage = visibleUsage({
    asked: clientMessages,
    sent: draft.messages,
    reported: draft.usage,
    answer: draft.text.read(),
  })
  const end: ChatEvent = { type: 'end', usage, total: context.span.total() }
  if (request.body.stream === true) return resumeEvents([...chunksOf(run, draft), end])
  return resumeEvents([{ type: 'completion', completion: { ...completionOf(run, draft), usage } }, end])
}

const pieceCharacters = 256

function* chunksOf(run: MixtureRun, draft: Draft): Generator<ChatEvent> {
  const head = { id: run.answerId, object: 'chat.completion.chunk', created: createdAt(run), model: run.mixture.id }
  const chunk = (delta: ChatDelta, finishReason: string | null = null): ChatEvent => ({
    type: 'chunk',
    chunk: { ...head, choices: [{ index: 0, delta, finish_reason: finishReason }] },
  })
  yield chunk({ role: 'assistant', content: '' })
  for (const content of piecesOf(draft.text.read(), pieceCharacters)) yield chunk({ content })
  for (const [index, call] of draft.toolCalls.entries()) yield chunk({ tool_calls: [{ ...call, index }] })
  yield chunk({}, finishReasonOf(draft))
}

function completionOf(run: MixtureRun, draft: Draft): ChatCompletion {
  const { text, toolCalls } = draft
  const message = {
    role: 'assistant',
    content: text.read() || null,
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
  }
  return {
    id: run.answerId,
    object: 'chat.completion',
    created: createdAt(run),
    model: run.mixture.id,
    choices: [{ index: 0, message, finish_reason: finishReasonOf(draft) }],
  }
}

function createdAt({ context }: MixtureRun): number {
  return Math.floor(context.clock.wallTime() / 1000)
}

function finishReasonOf({ flag, toolCalls }: Draft): string {
  if (toolCalls.length > 0) return 'tool_calls'
  if (flag === 'refusal') return 'content_filter'
  return flag === null ? 'stop' : 'length'
}
