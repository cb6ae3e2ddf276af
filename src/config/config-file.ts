/** What is written: the shape of the YAML file, key by key. `parse-config.ts` says what it means. */
import { z } from 'zod'
import { budgetPolicies } from '../chat/call-budget.ts'
import { overrides } from '../chat/chat-request.ts'
import { toolsModes } from '../mixture/mixture-defaults.ts'
import { promptNames, strategyNames } from '../mixture/strategies/strategies.ts'
import { quirkNamed, quirkNames } from '../upstream/openai/quirks.ts'
import { strict } from './strict-object.ts'

const text = z.string().min(1)
const milliseconds = z.int().min(1)
const share = z.number().min(0).max(1)
const params = z.record(z.string(), z.unknown()).describe('Body fields that are set where the request leaves them out')
const modality = z.enum(['text', 'image', 'audio', 'file'])
const url = text.refine((value) => /^https?:\/\/[^\s]+$/.test(value) && URL.canParse(value), {
  error: 'must be an http or https URL, like http://localhost:1234/v1',
})

const deadlines = strict({
  first_content_ms: milliseconds.optional().describe('From the start of a call to its first content'),
  idle_ms: milliseconds.optional().describe('Between one piece of content and the next'),
  total_ms: milliseconds.optional().describe('From the start of a call to its end'),
})

const template = text.describe('A Liquid text, or the path of a .md, .txt or .liquid file that holds one')

const systemPrompt = z
  .union([
    text,
    strict({ append: template }),
    strict({ prepend: template }),
    strict({ replace: template }),
    strict({ mode: z.enum(['prepend', 'append', 'replace']), template }),
  ])
  .describe('A text to append to the system message of the client; or { append | prepend | replace: text }')

const member = {
  model: text.optional().describe('The id of a model, a mixture or "router"'),
  name: text.optional().describe('What the server at base_url calls the model'),
  base_url: url.optional().describe('Default: http://localhost:1234/v1'),
  api_key: z.string().optional(),
  description: z.string().optional(),
  params: params.optional(),
  system_prompt: systemPrompt.optional(),
}

const oneOfBoth = (written: { readonly model?: unknown; readonly name?: unknown }): boolean =>
  (written.model === undefined) !== (written.name === undefined)
const saysOne = { error: 'needs either "model" (an id) or "name" (with base_url)' }

const modelReference = z.union([text, strict(member).refine(oneOfBoth, saysOne)])

const worker = z.union([
  text,
  strict({
    ...member,
    samples: z.int().min(1).optional().describe('Calls made at the same time, a draft each'),
    weight: z.number().positive().optional().describe('Breaks ties and ranks drafts'),
    template: template.optional().describe('Rewrites the last message of the user'),
    deadlines: deadlines.optional(),
  }).refine(oneOfBoth, saysOne),
])

const limits = {
  max_concurrency: z.int().min(1).optional().describe('Calls at the same time; 1 for a server with one GPU'),
  max_retries: z.int().min(0).max(10).optional().describe('Attempts after the first, before any content. Default: 2'),
}

const quirk = text.refine((name) => quirkNamed(name) !== undefined, {
  error: `must be one of ${quirkNames.join(', ')}, without_FIELD, messages_without_FIELD`,
})

const hosted = {
  base_url: url.optional(),
  api_key: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional().describe('Sent with every request'),
  ...limits,
}

const upstream = z.discriminatedUnion(
  'kind',
  [
    strict({
      kind: z.literal('openai').describe('Any server that speaks the OpenAI chat API'),
      base_url: url,
      api_key: z.string().optional(),
      headers: z.record(z.string(), z.string()).optional(),
      responses: z
        .boolean()
        .optional()
        .describe(
          'Whether it speaks the whole Responses API too. Default: where the host is known for it (OpenAI, Azure, xAI)',
        ),
      quirks: z.array(quirk).optional().describe('What the server does not take; most is learned from its refusals'),
      ...limits,
    }),
    strict({ kind: z.literal('anthropic').describe('The API of Anthropic, or a server that speaks it'), ...hosted }),
    strict({ kind: z.literal('google').describe('The Gemini API'), ...hosted }),
    strict({
      kind: z.literal('ai-sdk').describe('Any package that implements the language models of @ai-sdk/provider'),
      package: text.describe('Its name on npm, or the path of a file'),
      factory: text.optional().describe('The export that makes the provider. Default: the one named after the package'),
      options: z.record(z.string(), z.unknown()).optional().describe("In the package's own words"),
      ...limits,
    }),
    strict({
      kind: z.literal('local').describe('A GGUF file in process, by the optional package node-llama-cpp'),
      gguf: text.describe('Path of the file, from the folder of the config'),
      context_size: z.int().min(64).optional(),
      threads: z.int().min(1).optional(),
      ...limits,
    }),
    strict({
      kind: z.literal('simulated').describe('Made-up answers, labelled as such, for trying things out'),
      seed: z.int().optional(),
      first_token_ms: z.number().min(0).optional(),
      tokens_per_second: z.number().positive().optional(),
      failure_rate: share.optional(),
      accuracy: share.optional(),
      ...limits,
    }),
  ],
  { error: 'kind must be one of openai, anthropic, google, ai-sdk, local, simulated' },
)

const model = strict({
  id: text,
  upstream: text.describe('The name of an upstream'),
  name: text.optional().describe('What the upstream calls it. Default: the id'),
  description: z.string().optional(),
  strengths: z.array(text).optional(),
  quality: share.optional().describe('Compared between the models of one pool'),
  price: strict({
    input: z.number().min(0),
    output: z.number().min(0),
    cached_input: z.number().min(0).optional(),
  })
    .optional()
    .describe('US dollars per million tokens'),
  context_window: z.int().min(1).optional(),
  modalities: z.array(modality).optional(),
  tools: z.boolean().optional(),
  params: params.optional(),
  system_prompt: systemPrompt.optional(),
})

const spending = {
  max_calls: z.int().min(1).optional().describe('Calls to upstreams, retries included'),
  max_tokens: z.int().min(1).optional().describe('Of all prompts and answers together'),
  max_cost_usd: z.number().positive().optional().describe('Of the calls whose price is known'),
}

const budget = strict({
  ...spending,
  on_budget: z
    .enum(budgetPolicies)
    .optional()
    .describe('Over it: fewer workers, the aggregate alone, or an error. Default: shrink'),
})

const mixture = strict({
  name: text.describe('The id that clients ask for'),
  description: z.string().optional().describe('What it is good for; without one the router does not offer it'),
  strategy: z.enum(strategyNames).optional().describe('How drafts become the answer. Default: synthesize'),
  aggregate: modelReference.describe('Turns the drafts into the answer'),
  aggregate_fallbacks: z.array(text).optional(),
  workers: z.array(worker).optional().describe('Each writes a draft; with none the aggregate answers alone'),
  max_workers: z.int().min(1).optional().describe('Calls to workers that are allowed, samples counted. Default: 16'),
  layers: z.int().min(1).max(3).optional().describe('Rounds; workers see the drafts of the round before. Default: 1'),
  top_k: z.int().min(1).optional().describe('Drafts that rank_fuse makes the answer of. Default: 3'),
  first_workers: z.int().min(2).optional().describe('Calls to workers that cascade begins with. Default: 2'),
  quorum: z.int().min(1).optional().describe('Usable drafts that suffice. Default: two thirds'),
  min_workers: z
    .int()
    .min(0)
    .optional()
    .describe('Usable drafts without which there is no answer; 0: the aggregate then answers alone. Default: 1'),
  grace_ms: z.int().min(0).optional(),
  early: z.boolean().optional().describe('The aggregate begins as soon as the quorum is reached: grace_ms 0'),
  modality: z
    .enum(['drop', 'describe'])
    .optional()
    .describe('A worker that cannot open a picture, recording or file is left out, or told of it. Default: drop'),
  tools: z.enum(toolsModes).optional().describe('Who acts where a request offers tools. Default: advise'),
  always_aggregate: z.boolean().optional(),
  anonymise: z.boolean().optional(),
  shuffle: z.boolean().optional(),
  max_draft_characters: z.int().min(100).optional(),
  reuse_drafts_ms: z
    .int()
    .min(0)
    .optional()
    .describe('How long finished drafts serve the same request of the same caller again. Default: 60000; 0 is never'),
  deadlines: deadlines.optional(),
  worker_deadlines: deadlines.optional(),
  budget: budget.optional().describe('Of one request; what is left out has no limit'),
  system_prompt: systemPrompt.optional().describe('For every member'),
  prompts: strict(Object.fromEntries(promptNames.map((name) => [name, template.optional()]))).optional(),
})

const rule = strict({
  when: strict({
    tools: z.boolean().optional(),
    modality: modality.optional(),
    headers: z.record(z.string(), z.string()).optional(),
    key: text.optional(),
    min_length: z.int().min(0).optional().describe('Characters of the last user message'),
    max_length: z.int().min(0).optional(),
    matches: text.optional().describe('A regular expression on the last user message'),
    language: z
      .string()
      .regex(/^[a-z]{2}$/, 'must be an ISO 639-1 code, like de')
      .optional()
      .describe('Of the last user message, as an ISO 639-1 code'),
    metadata: z.record(z.string(), z.string()).optional(),
  }).describe('All conditions that are given must hold'),
  use: text.describe('The id of a mixture or model, or "compose"'),
})

const router = strict({
  model: modelReference.optional().describe('The base model that chooses'),
  default: text.optional().describe('Serves what nothing else claims'),
  side_model: modelReference.optional().describe('Serves title, tag and follow-up requests of clients'),
  rules: z.array(rule).optional(),
  compose: strict({
    pool: z.array(text).min(1),
    min_workers: z.int().min(1).optional(),
    max_workers: z.int().min(1).optional(),
  })
    .optional()
    .describe('Lets the router build a mixture for one request'),
  deadline_ms: milliseconds.optional().describe('For each choice. Default: 5000'),
  loop_guard: strict({
    calls_per_minute: z
      .int()
      .min(0)
      .describe('Mixture calls of one conversation; more go to a single model, twice as many are refused. 0: no guard'),
  })
    .optional()
    .describe('Against programs that ask the same again and again. Default: 60 calls per minute'),
  prompts: strict({ choose: template.optional(), compose: template.optional() }).optional(),
})

const server = strict({
  host: text.optional(),
  port: z.int().min(0).max(65_535).optional(),
  model_prefix: z.string().optional().describe('Put before every listed id; accepted with and without'),
  max_body_bytes: z.int().min(1024).optional(),
  max_in_flight: z.int().min(1).optional().describe('Requests at the same time; more are turned away. Default: 10000'),
  drain_ms: z.int().min(0).optional().describe('How long running answers may take once it is told to stop'),
  deadlines: deadlines.optional(),
  overrides: z
    .array(z.enum(overrides))
    .optional()
    .describe('What a request may change in its field "mollmr". Default: all of it'),
  log: strict({ sync: z.boolean().optional(), required: z.boolean().optional() })
    .optional()
    .describe('Whether answers wait until their request is on the disk, and requests are refused while it cannot be'),
  cors_origins: z.array(text).optional().describe('Origins that pages may call from; "*" is everyone'),
})

const key = strict({
  name: text.describe('Whose key it is: rules, traces and the log say this name'),
  hash: text.optional().describe('What "mollmr keys hash" prints'),
  key: z.string().optional().describe('The key itself: "${VARIABLE}"'),
  models: z.array(text).optional().describe('The ids that may be asked with it. Default: all'),
  budget: strict(spending).optional().describe('Of one day (UTC); what is left out has no limit'),
}).refine(({ hash, key: plain }) => (hash === undefined) !== (plain === undefined), {
  error: 'needs either "hash" or "key"',
})

/** The file: everything is optional, but it must name a model. */
export const configFileSchema = strict({
  server: server.optional(),
  upstreams: z.record(z.string(), upstream).optional(),
  models: z.array(model).optional(),
  mixtures: z.array(mixture).optional(),
  router: router.optional(),
  keys: z.array(key).optional().describe('Who may ask; with none everybody may'),
})

export type ConfigFile = z.infer<typeof configFileSchema>
export type UpstreamFile = z.infer<typeof upstream>
export type MixtureFile = z.infer<typeof mixture>
export type RouterFile = z.infer<typeof router>
export type ModelFile = z.infer<typeof model>
export type MemberFile = z.infer<typeof modelReference>
export type WorkerFile = z.infer<typeof worker>
export type SystemPromptFile = z.infer<typeof systemPrompt>
export type DeadlinesFile = z.infer<typeof deadlines>

/** The JSON Schema of the file, for editors. */
export function createConfigJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(configFileSchema, { io: 'input' }), title: 'The config of MoLLMR' }
}
