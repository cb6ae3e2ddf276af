import type { ChatBody, ChatMessage, ChatRequest } from '../../chat/chat-request.ts'
import { lastUserMessage } from '../../chat/message-text.ts'
import { applySystemPrompt } from '../../prompt/system-prompt.ts'
import { withBlock } from '../answer/aggregate-request.ts'
import { toolFieldsOf, withoutAnswerFields } from '../answer/answer-fields.ts'
import { conversationValues } from '../mixture-prompts.ts'
import { mixtureValues, type MixtureRun } from '../mixture-run.ts'
import { readableMessages } from '../modality.ts'
import type { Worker } from '../resolved-mixture.ts'
import { roundBeforeBlock } from './round-before.ts'
import { toolsAsText } from '../tools/tools-as-text.ts'

/** The request as one worker gets it. Always streamed, so that a worker that is cut off has said something. */
export function workerRequest(run: MixtureRun, worker: Worker): ChatRequest {
  const { body, options, caller } = run.request
  const fields: ChatBody = {
    ...withoutAnswerFields(body),
    ...(mayAct(run, worker) ? toolFieldsOf(body) : {}),
    ...worker.params,
    model: worker.model.id,
    messages: workerMessages(run, worker),
    stream: true,
    stream_options: { include_usage: true },
  }
  return { body: withSampleSeed(fields, worker.sample), options, caller }
}

/** Only where a draft may be tool calls, and only a model that can make them. */
export function mayAct({ workersAct }: MixtureRun, { model }: Worker): boolean {
  return workersAct && model.card.tools
}

/** Two samples with the same seed would be the same draft. */
function withSampleSeed(body: ChatBody, sample: number): ChatBody {
  return typeof body.seed === 'number' && sample > 0 ? { ...body, seed: body.seed + sample } : body
}

function workerMessages(run: MixtureRun, worker: Worker): readonly ChatMessage[] {
  const templated = withTemplate(run, worker)
  const asked = mayAct(run, worker) ? templated : toolsAsText(templated)
  const shown = roundBeforeBlock(run, worker)
  const readable = readableMessages(shown === null ? asked : withBlock(asked, shown), worker.model.card)
  if (!worker.systemPrompt) return readable
  return applySystemPrompt(readable, worker.systemPrompt, { ...mixtureValues(run), 'worker.name': worker.label })
}

function withTemplate(run: MixtureRun, { template, label }: Worker): readonly ChatMessage[] {
  const { messages } = run.request.body
  const last = lastUserMessage(messages)
  if (!template || !last) return messages
  const text = template.fill({ ...mixtureValues(run), ...conversationValues(run.request), 'worker.name': label })
  return messages.with(messages.lastIndexOf(last), { ...last, content: rewrittenContent(last, text) })
}

/** New words, the same pictures. */
function rewrittenContent({ content }: ChatMessage, text: string): NonNullable<ChatMessage['content']> {
  if (!content || typeof content === 'string') return text
  return [{ type: 'text', text }, ...content.filter((part) => part.type !== 'text')]
}
