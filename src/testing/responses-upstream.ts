/** Answers as the Responses API of OpenAI writes them, for a fake upstream. */
import type { UpstreamReply } from './fake-upstream.ts'

/** One frame as it stands on the wire; `json` keeps its spaces and its numbers. */
export function responseFrame(type: string, json: string): string {
  return `event: ${type}\ndata: {"type":"${type}",${json}}\n\n`
}

const encrypted = 'gAAAAABo_secret-thoughts=='
const reasoningItem = `{"id":"rs_68af4030baa48193b0b43b4c2a176a1a0e6967589f080e77","type":"reasoning","summary":[],"encrypted_content":"${encrypted}"}`
const searchItem =
  '{"id":"ws_68af4031d0a48193","type":"web_search_call","status":"completed","action":{"type":"search","query":"weather in Paris"}}'
const part =
  '{"type":"output_text","annotations":[{"type":"url_citation","start_index":0,"end_index":5,"url":"https://example.org/paris","title":"Paris"}],"logprobs":[],"text":"Sunny."}'
const messageItem = `{"id":"msg_68af40337e58819392e935fb404414d0","type":"message","status":"completed","content":[${part}],"role":"assistant"}`
const callItem =
  '{"id":"fc_68af4034","type":"function_call","status":"completed","arguments":"{\\"city\\":\\"Paris\\"}","call_id":"call_9","name":"spawn","namespace":"agents"}'
const patchItem =
  '{"id":"ctc_68af4035","type":"custom_tool_call","status":"completed","call_id":"call_10","input":"*** Begin Patch","name":"apply_patch"}'
const items = [reasoningItem, searchItem, messageItem, callItem, patchItem]

const usage =
  '{"input_tokens":44,"input_tokens_details":{"cached_tokens":16},"output_tokens":212,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":256}'

/** A response object, with fields that nobody has heard of and numbers that JSON.stringify would write otherwise. */
function responseJson(status: string, output: readonly string[], store: boolean): string {
  return `{"id":"resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b","object":"response","created_at":1756315696,"status":"${status}","background":false,"error":null,"incomplete_details":null,"model":"gpt-x-2026","output":[${output.join(',')}],"parallel_tool_calls":true,"reasoning":{"effort":"high","summary":"auto"},"store":${String(store)},"temperature":1.0,"unheard_of":{"big":12345678901234567890},"usage":${status === 'completed' ? usage : 'null'}}`
}

/** The same answer whole. */
export const wholeResponse = responseJson('completed', items, false)
const storedResponse = responseJson('completed', items, true)

const started = responseJson('in_progress', [], false)

/** An event of a later version of the API. The helper of today's official client throws at it, as it would without us. */
export const unheardOf = responseFrame('response.from_the_future', '"sequence_number":7,"what": 1.50, "model":"kept"')

/** The frames of an answer that thinks, searches and speaks, up to where it calls tools. */
export const responseBeginning = [
  responseFrame('response.created', `"sequence_number":0,"response":${started}`),
  responseFrame('response.in_progress', `"sequence_number":1,"response":${started}`),
  responseFrame(
    'response.output_item.added',
    `"sequence_number":2,"output_index":0,"item":${reasoningItem.replace(encrypted, '')}`,
  ),
  responseFrame('response.output_item.done', `"sequence_number":3,"output_index":0,"item":${reasoningItem}`),
  responseFrame('response.output_item.added', `"sequence_number":4,"output_index":1,"item":${searchItem}`),
  responseFrame(
    'response.web_search_call.completed',
    `"sequence_number":5,"output_index":1,"item_id":"ws_68af4031d0a48193"`,
  ),
  responseFrame('response.output_item.done', `"sequence_number":6,"output_index":1,"item":${searchItem}`),
  unheardOf,
  responseFrame(
    'response.output_item.added',
    `"sequence_number":8,"output_index":2,"item":{"id":"msg_68af40337e58819392e935fb404414d0","type":"message","status":"in_progress","content":[],"role":"assistant"}`,
  ),
  responseFrame(
    'response.content_part.added',
    `"sequence_number":9,"content_index":0,"item_id":"msg_68af40337e58819392e935fb404414d0","output_index":2,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}`,
  ),
  responseFrame(
    'response.output_text.delta',
    `"sequence_number":10,"content_index":0,"delta":"Sunny.","item_id":"msg_68af40337e58819392e935fb404414d0","logprobs":[],"obfuscation":"f00ba4","output_index":2`,
  ),
].join('')

/** The frames behind it, to the end. */
export function responseEnding(stored = false): string {
  return [
    responseFrame(
      'response.output_text.done',
      `"sequence_number":11,"content_index":0,"item_id":"msg_68af40337e58819392e935fb404414d0","logprobs":[],"output_index":2,"text":"Sunny."`,
    ),
    responseFrame(
      'response.content_part.done',
      `"sequence_number":12,"content_index":0,"item_id":"msg_68af40337e58819392e935fb404414d0","output_index":2,"part":${part}`,
    ),
    responseFrame('response.output_item.done', `"sequence_number":13,"output_index":2,"item":${messageItem}`),
    responseFrame(
      'response.output_item.added',
      `"sequence_number":14,"output_index":3,"item":{"id":"fc_68af4034","type":"function_call","status":"in_progress","arguments":"","call_id":"call_9","name":"spawn","namespace":"agents"}`,
    ),
    ...['{\\"city\\":', '\\"Paris\\"}'].map((delta, index) =>
      responseFrame(
        'response.function_call_arguments.delta',
        `"sequence_number":${15 + index},"delta":"${delta}","item_id":"fc_68af4034","obfuscation":"x","output_index":3`,
      ),
    ),
    responseFrame(
      'response.function_call_arguments.done',
      `"sequence_number":17,"arguments":"{\\"city\\":\\"Paris\\"}","item_id":"fc_68af4034","output_index":3`,
    ),
    responseFrame('response.output_item.done', `"sequence_number":18,"output_index":3,"item":${callItem}`),
    responseFrame(
      'response.output_item.added',
      `"sequence_number":19,"output_index":4,"item":{"id":"ctc_68af4035","type":"custom_tool_call","status":"in_progress","call_id":"call_10","input":"","name":"apply_patch"}`,
    ),
    responseFrame(
      'response.custom_tool_call_input.delta',
      `"sequence_number":20,"delta":"*** Begin Patch","item_id":"ctc_68af4035","output_index":4`,
    ),
    responseFrame(
      'response.custom_tool_call_input.done',
      `"sequence_number":21,"input":"*** Begin Patch","item_id":"ctc_68af4035","output_index":4`,
    ),
    responseFrame('response.output_item.done', `"sequence_number":22,"output_index":4,"item":${patchItem}`),
    responseFrame('response.completed', `"sequence_number":23,"response":${stored ? storedResponse : wholeResponse}`),
  ].join('')
}

/** The recorded answer: as a stream where the call asks for one, else whole. `stored` as a server that keeps responses. */
export function recordedResponse(stored = false): UpstreamReply {
  return (response, { body }) => {
    const isStreamed = body.stream === true
    response.writeHead(200, { 'content-type': isStreamed ? 'text/event-stream' : 'application/json' })
    response.end(isStreamed ? responseBeginning + responseEnding(stored) : stored ? storedResponse : wholeResponse)
  }
}
