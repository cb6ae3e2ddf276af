/** Finds model servers on this machine, and hosted ones by the keys in the environment. */
import type { Dispatcher } from 'undici'
import { createTransport } from './http/transport.ts'
import { type ListedKind, listModels } from './list-models.ts'

export interface DiscoveredUpstream {
  readonly id: string
  readonly kind: ListedKind
  readonly baseUrl: string
  readonly apiKeyVariable?: string
  readonly models: readonly string[]
}

/** Where something may be found. */
export interface Candidate {
  readonly id: string
  /** Default: openai. */
  readonly kind?: ListedKind
  readonly baseUrl: string
  readonly apiKeyVariable?: string
  /** Used where the list of a hosted one cannot be read. */
  readonly usualModels?: readonly string[]
  /** Of a list that is too long to be useful, which names are kept. */
  readonly keeps?: RegExp
}

export interface Discovery {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly candidates?: readonly Candidate[]
}

const localWaitMs = 400
const hostedWaitMs = 2000
const mostModels = 12
const cannotChat = /embed|whisper|tts|rerank|moderation|dall-e|image|audio|realtime|transcribe|bge-|sora/i

const usualCandidates: readonly Candidate[] = [
  { id: 'ollama', baseUrl: 'http://127.0.0.1:11434/v1' },
  { id: 'lmstudio', baseUrl: 'http://127.0.0.1:1234/v1' },
  { id: 'llamacpp', baseUrl: 'http://127.0.0.1:8080/v1' },
  { id: 'vllm', baseUrl: 'http://127.0.0.1:8001/v1' },
  {
    id: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    apiKeyVariable: 'OPENAI_API_KEY',
    usualModels: ['gpt-5.5', 'gpt-5-mini'],
    keeps: /^gpt-\d[\w.]*(-mini|-nano)?$/,
  },
  {
    id: 'anthropic',
    kind: 'anthropic',
    baseUrl: 'https://api.anthropic.com/v1',
    apiKeyVariable: 'ANTHROPIC_API_KEY',
    usualModels: ['claude-sonnet-5', 'claude-haiku-4-5'],
    keeps: /^claude-[a-z]+-\d+(-\d{1,2})?$/,
  },
  {
    id: 'google',
    kind: 'google',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    apiKeyVariable: 'GEMINI_API_KEY',
    usualModels: ['gemini-3.5-flash', 'gemini-2.5-pro'],
    keeps: /^gemini-[\d.]+-(pro|flash|flash-lite)(-preview)?$/,
  },
  {
    id: 'openrouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    apiKeyVariable: 'OPENROUTER_API_KEY',
    usualModels: ['openai/gpt-5-mini', 'anthropic/claude-sonnet-5', 'google/gemini-3-flash'],
    keeps: /^(openai\/gpt|anthropic\/claude|google\/gemini)-[\w.-]+$/,
  },
]

/** Asks all candidates at once; who does not answer in time is not there. Hosted ones are asked only where their key is set. */
export async function discoverUpstreams({
  env,
  candidates = usualCandidates,
}: Discovery): Promise<DiscoveredUpstream[]> {
  const transport = createTransport()
  const wanted = candidates.filter(({ apiKeyVariable }) => apiKeyVariable === undefined || Boolean(env[apiKeyVariable]))
  const found = await Promise.all(wanted.map((candidate) => look(candidate, env, transport.dispatcher)))
  await transport.close()
  return found.filter((each) => each !== null)
}

async function look(
  candidate: Candidate,
  env: Discovery['env'],
  dispatcher: Dispatcher,
): Promise<DiscoveredUpstream | null> {
  const { id, kind = 'openai', baseUrl, apiKeyVariable, usualModels, keeps } = candidate
  const isHosted = apiKeyVariable !== undefined
  const { names } = await listModels(dispatcher, {
    id,
    kind,
    baseUrl,
    apiKey: (isHosted ? env[apiKeyVariable] : undefined) ?? '',
    waitMs: isHosted ? hostedWaitMs : localWaitMs,
  })
  const listed = names ?? usualModels
  if (!listed) return null
  const models = listed.filter((name) => !cannotChat.test(name) && (keeps?.test(name) ?? true)).slice(0, mostModels)
  return { id, kind, baseUrl, models, ...(isHosted ? { apiKeyVariable } : {}) }
}
