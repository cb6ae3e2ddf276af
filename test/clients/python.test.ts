/** Clients from PyPI: the official ones of OpenAI and Anthropic, and LiteLLM, through which aider and many others ask. */
import { afterAll, beforeAll, expect } from 'vitest'
import { describeClient, type FeatureOptions, targets } from './harness/describe-client.ts'
import { PythonClient } from './harness/python-client.ts'
import { noEmbeddings } from './harness/refusals.ts'
import { answerText, embedding, sumObject, sumText } from './harness/scripted-upstream.ts'

type Expected = readonly [feature: string, came: unknown, options?: FeatureOptions]

/** A client whose features come to what is expected of them. */
function describePython(client: string, file: string, expected: readonly Expected[]): void {
  describeClient(`${client} (Python)`, (feature) => {
    let python: PythonClient
    beforeAll(() => {
      python = new PythonClient(file)
    })
    afterAll(() => python.close())

    for (const [name, came, options] of expected) {
      feature(
        name,
        async (asked) => {
          expect(await python.play(name, asked)).toEqual(came)
        },
        options,
      )
    }
  })
}

const lists: FeatureOptions = { asks: [] }
const ids = expect.arrayContaining(Object.values(targets).map((id) => `mollmr/${id.replace('mollmr/', '')}`))

describePython('openai', 'openai_client.py', [
  ['chat.completions.create', [answerText, 'stop', 4]],
  ['chat.completions.create, streamed', answerText],
  ['chat.completions.stream', answerText],
  ['chat.completions.create, a tool loop', ['add', '3', sumText]],
  ['chat.completions.parse', sumObject],
  ['responses.create', answerText],
  ['responses.stream', [answerText, 'completed']],
  ['embeddings.create', [embedding, embedding], noEmbeddings],
  ['models.list', ids, lists],
])

describePython('anthropic', 'anthropic_client.py', [
  ['messages.create', [answerText, 'end_turn', 4]],
  ['messages.stream', [answerText, 'end_turn']],
  ['messages.create, a tool loop', ['add', '3', sumText]],
  ['messages.count_tokens', expect.any(Number), lists],
  ['models.list', ids, lists],
])

describePython('litellm', 'litellm_client.py', [
  ['completion', [answerText, 'stop', 4]],
  ['completion, streamed', [answerText, 4]],
  ['completion, a tool loop', ['add', '3', sumText]],
  ['completion with a JSON schema', sumObject],
  ['completion of anthropic/…', answerText],
  ['responses', answerText],
  ['embedding', [embedding, embedding], noEmbeddings],
])
