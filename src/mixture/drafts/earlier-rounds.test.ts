import { describe, expect, it } from 'vitest'
import { ConfigError, UpstreamError } from '../../chat/errors.ts'
import { askModel, lastTextOf, notesOf, spansOf } from '../../testing/ask-model.ts'
import {
  createFakeModel,
  createSayingModel,
  type FakeModel,
  type FakeStep,
  textSteps,
} from '../../testing/fake-model.ts'
import type { MixtureDefinition } from '../mixture-definition.ts'
import { createMixture } from '../mixture.ts'
import { strategyNames } from '../strategies/strategies.ts'

/** A worker that says which round it is in; `fail` names the rounds, from 1, in which it does not. */
function worker(id: string, fail: readonly number[] = []): FakeModel {
  return createFakeModel(id, {
    script: (_, call): readonly FakeStep[] =>
      fail.includes(call + 1)
        ? [{ fail: new UpstreamError('upstream_error', 'No.') }]
        : textSteps(`Round ${call + 1} of ${id}.`),
  })
}

interface Layered {
  readonly workers: readonly FakeModel[]
  readonly judge: FakeModel
  readonly mixture: ReturnType<typeof createMixture>
}

function layered(
  layers: number,
  workers = [worker('a'), worker('b')],
  changes: Partial<MixtureDefinition> = {},
): Layered {
  const judge = createSayingModel('judge', 'The answer.')
  return { workers, judge, mixture: createMixture({ id: 'mix', workers, aggregate: judge, layers, ...changes }) }
}

/** What a model was shown in a call: the drafts between their fences. */
function draftsIn(model: FakeModel | undefined, call: number): readonly string[] {
  const shown = lastTextOf(model?.calls[call]?.request)
  return [...shown.matchAll(/ begins\]\n(.*)\n/g)].map((match) => match[1] ?? '').sort()
}

function boundaryIn(model: FakeModel | undefined, call: number): string | undefined {
  return /\[([0-9a-f]{32}) /.exec(lastTextOf(model?.calls[call]?.request))?.[1]
}

describe('layers', () => {
  it('let the workers of a round see the drafts of the round before, and the aggregate those of the last', async () => {
    const { workers, judge, mixture } = layered(3)
    const { answer, trace } = await askModel(mixture)
    expect(answer.text).toBe('The answer.')
    for (const each of workers) {
      expect(each.calls).toHaveLength(3)
      expect(lastTextOf(each.calls[0]?.request)).toBe('What is 6 times 7?')
      expect(draftsIn(each, 1)).toEqual(['Round 1 of a.', 'Round 1 of b.'])
      expect(draftsIn(each, 2)).toEqual(['Round 2 of a.', 'Round 2 of b.'])
    }
    expect(draftsIn(judge, 0)).toEqual(['Round 3 of a.', 'Round 3 of b.'])
    expect(spansOf(trace, 'worker').map(({ attributes }) => attributes['layer'])).toEqual([
      ...[undefined, undefined, 2, 2, 3, 3],
    ])
    expect(notesOf(trace).filter((note) => note === 'layer_done')).toHaveLength(2)
  })

  it('put the drafts behind the conversation, between fences that are not those of the aggregate', async () => {
    const { workers, judge, mixture } = layered(2)
    const messages = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Why?' },
    ]
    await askModel(mixture, { body: { messages } })
    const asked = workers[0]?.calls[1]?.request.body.messages ?? []
    expect(asked[0]).toEqual(messages[0])
    expect(lastTextOf(workers[0]?.calls[1]?.request)).toMatch(/^Why\?\n\n---\nThe lines from here on are working notes/)
    expect(boundaryIn(workers[0], 1)).toBe(boundaryIn(workers[1], 1))
    expect(boundaryIn(workers[0], 1)).not.toBe(boundaryIn(judge, 0))
  })

  it.each(strategyNames)('come before every strategy: %s', async (strategy) => {
    const { workers, mixture } = layered(2, [worker('a'), worker('b')], { strategy })
    const { answer } = await askModel(mixture)
    expect(answer.text).not.toMatch(/Round 1/)
    expect(workers.map(({ calls }) => calls.length)).toEqual([2, 2])
  })

  it('go on with whoever answers in a round', async () => {
    const { judge, workers, mixture } = layered(2, [worker('a', [1]), worker('b', [2])])
    const { answer, trace } = await askModel(mixture)
    expect(draftsIn(workers[0], 1)).toEqual(['Round 1 of b.'])
    expect([answer.text, judge.calls.length]).toEqual(['Round 2 of a.', 0])
    expect(trace.attributes.degraded).toBe('1/2')
  })

  it('give the drafts of the round before where nobody answers in the last', async () => {
    const { judge, mixture } = layered(2, [worker('a', [2]), worker('b', [2])])
    const { answer, trace } = await askModel(mixture)
    expect(answer.text).toBe('The answer.')
    expect(draftsIn(judge, 0)).toEqual(['Round 1 of a.', 'Round 1 of b.'])
    expect(trace.attributes.degraded).toBe('0/2')
  })

  it('are an error where nobody answers in the first', async () => {
    await expect(askModel(layered(2, [worker('a', [1]), worker('b', [1])]).mixture)).rejects.toMatchObject({
      code: 'all_workers_failed',
    })
  })

  it('ask with a prompt of the user', async () => {
    const { workers, mixture } = layered(2, undefined, {
      prompts: { layer: { text: 'Seen: {{ draft_count }} {{ drafts }}' } },
    })
    await askModel(mixture)
    expect(lastTextOf(workers[0]?.calls[1]?.request)).toMatch(/^What is 6 times 7\?\n\nSeen: 2 \[/)
  })

  it.each([0, 4, 1.5])('are 1 to 3, not %d', (layers) => {
    expect(() => layered(layers)).toThrow(ConfigError)
  })
})
