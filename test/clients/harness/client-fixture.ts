/** A gateway in a process of its own, started as a user starts it, over scripted models: what every client is pointed at. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ChildGateway } from '../../../scripts/child-gateway.ts'
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts'

export interface ClientFixture {
  /** `http://127.0.0.1:PORT`, where Anthropic's clients begin. */
  readonly url: string
  /** `url` with `/v1`, where OpenAI's clients begin. */
  readonly baseUrl: string
  readonly upstream: ScriptedUpstream
  /** The names of the upstream's models in the order in which they were asked since `mark`. */
  askedSince(mark: number): readonly string[]
  /** False where it says that it cannot keep up, as it may for seconds on a busy machine. */
  isReady(): Promise<boolean>
  /** Resolves once the gateway takes requests. */
  ready(): Promise<void>
  close(): Promise<void>
}

export async function startClientFixture(): Promise<ClientFixture> {
  const upstream = await startScriptedUpstream()
  const gateway = await ChildGateway.start(configOf(upstream.baseUrl))
  const isReady = async (): Promise<boolean> => (await fetch(`${gateway.url}/health/ready`)).ok
  return {
    url: gateway.url,
    baseUrl: `${gateway.url}/v1`,
    upstream,
    askedSince: (mark) => upstream.calls.slice(mark).map(({ body }) => body.model),
    isReady,
    ready: async () => {
      while (!(await isReady())) await sleep(100)
    },
    close: async () => {
      await gateway.close()
      await upstream.close()
    },
  }
}

const configOf = (baseUrl: string): string => `
server: { port: 0 }
upstreams:
  scripted: { kind: openai, base_url: "${baseUrl}", max_retries: 0 }
models:
  - { id: org/single, upstream: scripted, name: single, modalities: [text, image, audio, file] }
  - { id: worker-a, upstream: scripted, modalities: [text, image] }
  - { id: worker-b, upstream: scripted, modalities: [text, image] }
  - { id: worker-c, upstream: scripted }
  - { id: aggregate, upstream: scripted, modalities: [text, image] }
  - { id: chooser, upstream: scripted }
  - { id: side, upstream: scripted }
  - { id: embedder, upstream: scripted }
mixtures:
  - { name: generic, description: "Any question.", workers: [worker-a, worker-b, worker-c], quorum: 3, aggregate: aggregate }
  - { name: sums, description: "Calculations.", workers: [worker-a], aggregate: aggregate }
router:
  model: chooser
  side_model: side
  default: generic
  rules: [{ when: { matches: "^one model, please" }, use: org/single }]
`
