/**
 * An answer for which the client wants a form is held back until it has that form: JSON is read whole, and a half of it
 * that turns out wrong could not be taken back. The aggregate may mend it once.
 */
import type { ChatEvent } from '../../chat/chat-event.ts'
import { type ChatRequest, withBody } from '../../chat/chat-request.ts'
import { type Answer, AnswerFold } from '../../chat/collect-answer.ts'
import { UpstreamError } from '../../chat/errors.ts'
import { resumeEvents } from '../../chat/resume-events.ts'
import { type Attempt, beginAnswer, type BegunAnswer } from './begin-answer.ts'
import type { MixtureRun } from '../mixture-run.ts'
import { formProblem, outOfFence, wantsForm } from './response-format.ts'

/** The same attempt where the client wants no form; else one whose answer is whole and has the form, or has failed. */
export async function inForm(run: MixtureRun, attempt: Attempt): Promise<Attempt> {
  if (!attempt.events || !wantsForm(run.request.body.response_format)) return attempt
  const found = await inspected(run, attempt)
  if (!('problem' in found)) return found
  const { problem, answer } = found
  run.context.span.note('answer_out_of_form', { problem })
  const again = await beginAnswer(run, attempt.aggregate, repairRequest(run, attempt.request, { problem, answer }))
  const mended = again.events ? await inspected(run, again) : again
  return 'problem' in mended ? { events: null, error: outOfForm(attempt.aggregate.model.id, mended.problem) } : mended
}

interface OutOfForm {
  readonly problem: string
  readonly answer: Answer
}

/** The answer is whole by now: reading it cannot fail. */
async function inspected(run: MixtureRun, begun: BegunAnswer): Promise<Attempt | OutOfForm> {
  const events: ChatEvent[] = []
  const fold = new AnswerFold()
  for await (const event of begun.events) {
    events.push(event)
    fold.add(event)
  }
  const answer = fold.answer()
  if (!isToBeChecked(answer)) return { ...begun, events: resumeEvents(events) }
  const { response_format: format } = run.request.body
  const problem = formProblem(answer.text, format, run.schemaProblem)
  if (problem === null) return { ...begun, events: resumeEvents(events) }
  const bare = outOfFence(answer.text)
  if (bare === null || formProblem(bare, format, run.schemaProblem) !== null) return { problem, answer }
  return { ...begun, events: resumeEvents(withText(answer, bare)) }
}

/** A call, a refusal and an answer that was cut at the client's own limit are what they are. */
function isToBeChecked({ toolCalls, refusal, finishReason }: Answer): boolean {
  return toolCalls.length === 0 && !refusal && finishReason !== 'length' && finishReason !== 'content_filter'
}

function withText({ completion, end }: Answer, content: string): readonly ChatEvent[] {
  const choices = completion.choices.map((choice) => ({ ...choice, message: { ...choice.message, content } }))
  return [{ type: 'completion', completion: { ...completion, choices } }, end]
}

function repairRequest(run: MixtureRun, request: ChatRequest, { problem, answer }: OutOfForm): ChatRequest {
  const messages = [
    ...request.body.messages,
    { role: 'assistant', content: answer.text },
    { role: 'user', content: run.mixture.repair.fill({ problem }) },
  ]
  return withBody(request, { messages })
}

function outOfForm(model: string, problem: string): UpstreamError {
  return new UpstreamError(
    'upstream_invalid_format',
    `The answer of "${model}" has not the form that response_format asks for, even when asked again: ${problem}`,
  )
}
