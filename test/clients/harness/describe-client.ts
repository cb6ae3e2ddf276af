/** Tests of a client, feature by feature: each against a single model, a mixture and the router, for the table in docs/clients.md. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClientFixture, startClientFixture } from './client-fixture.ts'
import { defaultWriter, type ScriptedUpstream } from './scripted-upstream.ts'

/** What answers, and the id by which it is asked. */
export const targets = { bypass: 'org/single', mixture: 'mollmr/generic', router: 'mollmr/router' } as const
export type Target = keyof typeof targets

/** One cell of the table. */
export interface ClientCell {
  readonly client: string
  readonly feature: string
  readonly target: Target
  /** Why this cannot be; the test shows that it is refused. */
  readonly reason?: string
}

declare module 'vitest' {
  interface TaskMeta {
    client?: ClientCell
  }
}

/** What a test of a feature is given. */
export interface Asked extends Pick<ClientFixture, 'url' | 'baseUrl'> {
  readonly target: Target
  /** The id to ask for. */
  readonly model: string
  /** A question that no other test asks, so that no draft of another is used again. */
  readonly prompt: string
  readonly upstream: ScriptedUpstream
}

export interface FeatureOptions {
  /** The one target for which this can differ from the others. */
  readonly only?: Target
  /** Targets that cannot do this, and why: there the client must fail with an error that says so, and no model is asked. */
  readonly refused?: Partial<Record<Target, { readonly reason: string; readonly error: RegExp }>>
  /** The models of the upstream that are asked, where it is not all of the target's; of every target or of each. */
  readonly asks?: readonly string[] | Readonly<Record<Target, readonly string[]>>
  /** The question has a picture: a worker that cannot see is left out. */
  readonly seesPicture?: boolean
  /** In milliseconds. Default: 30 s. */
  readonly timeout?: number
}

type Body = (asked: Asked) => Promise<void>
export type Feature = (name: string, body: Body, options?: FeatureOptions) => void

/** The features of `client`, which is named as its packages are (`ai with @ai-sdk/openai`); they share one gateway and run one after the other. */
export function describeClient(client: string, define: (feature: Feature) => void): void {
  let fixture: ClientFixture
  let prompts = 0

  async function playOnce(
    target: Target,
    body: Body,
    { refused, asks, seesPicture = false }: FeatureOptions,
  ): Promise<void> {
    const { url, baseUrl, upstream } = fixture
    upstream.writer = defaultWriter
    await fixture.ready()
    const mark = upstream.calls.length
    prompts += 1
    const prompt = `Say something about wheel ${prompts}, please.`
    const played = body({ url, baseUrl, upstream, target, model: targets[target], prompt })
    const refusal = refused?.[target]
    await (refusal ? expect(played).rejects.toThrow(refusal.error) : played)
    const able = cast[target].filter((name) => !seesPicture || name !== 'worker-c')
    const named = asks && 'bypass' in asks ? asks[target] : asks
    const expected = refusal ? [] : (named ?? able)
    expect(new Set(fixture.askedSince(mark)), 'the models that were asked').toEqual(new Set(expected))
  }

  /** A gateway that could not keep up on a busy machine says nothing of the client: the feature is played again. */
  async function play(target: Target, body: Body, options: FeatureOptions): Promise<void> {
    try {
      await playOnce(target, body, options)
    } catch (error) {
      if (await fixture.isReady()) throw error
      await playOnce(target, body, options)
    }
  }

  describe(client, () => {
    beforeAll(async () => {
      fixture = await startClientFixture()
    })
    afterAll(async () => {
      await fixture.close()
    })

    define((feature, body, options = {}) => {
      describe(feature, () => {
        const all = Object.keys(targets) as Target[]
        for (const target of options.only ? [options.only] : all) {
          const reason = options.refused?.[target]?.reason
          const cell: ClientCell = { client, feature, target, ...(reason === undefined ? {} : { reason }) }
          const given = { meta: { client: cell }, ...(options.timeout ? { timeout: options.timeout } : {}) }
          test(reason === undefined ? target : `${target}: ${reason}`, given, () => play(target, body, options))
        }
      })
    })
  })
}

/** Who has to be asked before an answer can be there. */
const cast: Readonly<Record<Target, readonly string[]>> = {
  bypass: ['single'],
  mixture: ['worker-a', 'worker-b', 'worker-c', 'aggregate'],
  router: ['chooser', 'worker-a', 'worker-b', 'worker-c', 'aggregate'],
}
