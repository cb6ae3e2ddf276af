/**
 * What servers that speak the OpenAI chat API do not take: a table. Each row knows how servers say so, in words that were
 * seen, and the same request as such a server takes it. Nothing here changes what is asked for: where a field carries
 * meaning (tools, a format, a limit), a refusal stays a refusal.
 */
import type { ChatBody, ChatMessage } from '../../chat/chat-request.ts'
import {
  endWithUser,
  flattenContent,
  foldSystemIntoUser,
  mergeTurns,
  putSystemFirst,
  renameDeveloper,
} from './message-quirks.ts'

export interface Quirk {
  readonly name: string
  /** What a server says in its refusal that has this quirk. */
  readonly told: RegExp
  /** The body as such a server takes it; the same object where nothing had to change. */
  readonly adapt: (body: ChatBody) => ChatBody
}

const table: readonly Quirk[] = [
  {
    name: 'max_completion_tokens',
    told: /use ['"`]?max_completion_tokens/i,
    adapt: (body) => renamed(body, 'max_tokens', 'max_completion_tokens'),
  },
  {
    name: 'max_tokens',
    told: /(unrecognized|unknown|unsupported|unexpected).{0,80}max_completion_tokens|max_completion_tokens.{0,80}(not permitted|not supported|unsupported|unexpected)/is,
    adapt: (body) => renamed(body, 'max_completion_tokens', 'max_tokens'),
  },
  { name: 'system_role', told: /developer|(unexpected|incorrect)( message)? role/i, adapt: messages(renameDeveloper) },
  {
    name: 'system_in_user',
    told: /system (role|message|prompt)s? (is|are)? ?not supported|does not support (the )?system/i,
    adapt: messages(foldSystemIntoUser),
  },
  { name: 'system_first', told: /system messages? .{0,20}(beginning|first)/i, adapt: messages(putSystemFirst) },
  {
    name: 'alternate_roles',
    told: /roles? must alternate|should alternate|successive (user|assistant)|consecutive (user|assistant)/i,
    adapt: messages(mergeTurns),
  },
  {
    name: 'end_with_user',
    told: /must end with a user|assistant` message in the final|prefill|expected last role|add_generation_prompt/i,
    adapt: messages(endWithUser),
  },
  {
    name: 'no_empty_lists',
    told: /empty array|too short|minimum length|at least (1|one) item|"input": ?\[\]/i,
    adapt: withoutEmptyLists,
  },
  {
    name: 'text_content',
    told: /valid string|content.{0,40}(must|should) be a string|expected a string|invalid type: sequence/i,
    adapt: messages(flattenContent),
  },
]

/** The names of the table; beside them every `without_FIELD` and `messages_without_FIELD` is a quirk. */
export const quirkNames: readonly string[] = table.map(({ name }) => name)

/** The quirk of a name; undefined where there is none. */
export function quirkNamed(name: string): Quirk | undefined {
  const [, inMessages, field] = /^(messages_)?without_(\w+)$/.exec(name) ?? []
  if (field === undefined) return table.find((quirk) => quirk.name === name)
  return inMessages === undefined ? withoutField(name, field) : messagesWithout(name, field)
}

/** The quirk that a server speaks of when it refuses `body`; null where nothing that is known would help. */
export function quirkIn(refusal: string, body: ChatBody): Quirk | null {
  // Errors within errors are JSON within JSON.
  const text = refusal.replaceAll(/\\+n|\s+/g, ' ').replaceAll(/\\+(["'`])/g, '$1')
  const helps = (quirk: Quirk | undefined): quirk is Quirk => quirk !== undefined && quirk.adapt(body) !== body
  return (
    table.find((quirk) => quirk.told.test(text) && helps(quirk)) ??
    fieldsIn(text)
      .flatMap((field) => [quirkNamed(`without_${field}`), quirkNamed(`messages_without_${field}`)])
      .find(helps) ??
    null
  )
}

interface ServerQuirks {
  readonly host: RegExp
  readonly model?: RegExp
  readonly quirks: readonly string[]
}

/** What is known of hosted servers, so that not even the first request is refused. */
const servers: readonly ServerQuirks[] = [
  { host: /^api\.openai\.com$/, model: /^(gpt-5|o\d)/, quirks: ['max_completion_tokens'] },
  { host: /^api\.deepseek\.com$/, quirks: ['system_role'] },
  { host: /\.aliyuncs\.com$/, quirks: ['system_role'] },
  { host: /^api\.mistral\.ai$/, quirks: ['max_tokens', 'messages_without_reasoning_content'] },
]

/** The quirks of the server at `host` with this model. */
export function quirksOfServer(host: string, model: string): readonly string[] {
  const fitting = servers.filter((server) => server.host.test(host) && (server.model?.test(model) ?? true))
  return fitting.flatMap(({ quirks }) => quirks)
}

/** Without these a request would silently mean something else. */
const meaningful: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'tools',
  'tool_choice',
  'functions',
  'response_format',
  'n',
  'logprobs',
  'max_tokens',
  'max_completion_tokens',
])
const meaningfulInMessages: ReadonlySet<string> = new Set(['role', 'content', 'tool_calls', 'tool_call_id'])

/** How servers name a field that they do not take. */
const naming: readonly RegExp[] = [
  /"param": ?"([\w.]+)"/gi,
  /(?:unsupported|unknown|unrecognized) [^'"`]{0,40}['"`]([\w.]+)['"`]/gi,
  /arguments? supplied: ([\w.]+)/gi,
  /['"`]([\w.]+)['"`] (?:is not supported|is unsupported|does not support)/gi,
  /["']loc["']: ?[[(]["']body["'],[^\])]*["'](\w+)["'][\])]/gi,
  /([\w.]+): extra inputs are not permitted/gi,
  /extra inputs are not permitted, field: ['"`]([\w.]+)['"`]/gi,
  /(?:does not support (?:the )?(?:parameter|argument)|not supported on this model:) ['"`]?([\w.]+)/gi,
]

function fieldsIn(text: string): string[] {
  const named = naming.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name = '']) => name))
  return named.map((name) => snakeCase(name.slice(name.lastIndexOf('.') + 1)))
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function withoutField(name: string, field: string): Quirk {
  const adapt = (body: ChatBody): ChatBody =>
    field in body && !meaningful.has(field) ? (without(body, field) as ChatBody) : body
  return { name, told: /$^/, adapt }
}

function messagesWithout(name: string, field: string): Quirk {
  const adapt = messages((list) =>
    list.map((message) =>
      field in message && !meaningfulInMessages.has(field) ? (without(message, field) as ChatMessage) : message,
    ),
  )
  return { name, told: /$^/, adapt }
}

/** Keeps the body as it is where no message has changed. */
function messages(adapt: (list: readonly ChatMessage[]) => readonly ChatMessage[]): Quirk['adapt'] {
  return (body) => {
    const adapted = adapt(body.messages)
    const isSame =
      adapted.length === body.messages.length && adapted.every((message, index) => message === body.messages[index])
    return isSame ? body : { ...body, messages: adapted }
  }
}

function renamed(body: ChatBody, from: 'max_tokens' | 'max_completion_tokens', to: typeof from): ChatBody {
  const { [from]: limit, ...rest } = body
  if (limit === undefined) return body
  return { ...rest, [to]: rest[to] ?? limit }
}

/** An empty list of tools means no tools, and then there is no choice among them. */
function withoutEmptyLists(body: ChatBody): ChatBody {
  const calls = messages((list) =>
    list.map((message) =>
      message.tool_calls?.length === 0 ? (without(message, 'tool_calls') as ChatMessage) : message,
    ),
  )
  const adapted = calls(body)
  if (body.tools?.length !== 0) return adapted
  return ['tools', 'tool_choice', 'parallel_tool_calls'].reduce<object>(without, adapted) as ChatBody
}

function without(object: object, field: string): object {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== field))
}
