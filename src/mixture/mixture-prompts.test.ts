import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { askModel, lastTextOf } from '../testing/ask-model.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { createFakeModel, createSayingModel, type FakeModel, textSteps } from '../testing/fake-model.ts'
import type { MixtureDefinition } from './mixture-definition.ts'
import {
  adviserSlots,
  aggregateSystemPromptSlots,
  draftsPromptSlots,
  mixtureSystemPromptSlots,
  repairSlots,
  workerSystemPromptSlots,
  workerTemplateSlots,
} from './mixture-prompts.ts'
import { createMixture } from './mixture.ts'
import { draftsPrompts } from './strategies/strategies.ts'

const cut = createFakeModel('cut', {
  script: () => [...textSteps('6 * 7 = 4').slice(0, -1), { delta: {}, finish: 'length' }],
})

/** The last message that the aggregate gets from a mixture whose random bytes are all the same. */
async function promptOf(changes: Partial<MixtureDefinition>): Promise<string> {
  const judge = createSayingModel('judge', '{"draft": 1}')
  const workers = [createSayingModel('a', 'Six sevens are 42.'), cut]
  const definition = {
    id: 'maths',
    description: 'Good at sums.',
    workers,
    aggregate: judge,
    shuffle: false,
    ...changes,
  }
  const mixture = createMixture(definition, { randomBytes: (size) => new Uint8Array(size).fill(0xa7) })
  await askModel(mixture, { clock: new FakeClock() })
  return lastTextOf(judge.calls[0]?.request)
}

describe('the default prompts', () => {
  it('of the aggregate', async () => {
    expect(await promptOf({})).toMatchSnapshot()
  })

  it('of the aggregate with one draft', async () => {
    expect(await promptOf({ workers: [createSayingModel('a', '42')], alwaysAggregate: true })).toMatchSnapshot()
  })

  it.each([
    ['choice', 'select'],
    ['comparison', 'deliberate'],
    ['ranking', 'rank_fuse'],
  ] as const)('of the %s', async (_, strategy) => {
    expect(await promptOf({ strategy, topK: 1 })).toMatchSnapshot()
  })
})

describe('the default prompts where tools are on offer', () => {
  const body = { tools: [{ type: 'function', function: { name: 'run', parameters: {} } }] }

  async function promptsOf(workers: readonly FakeModel[]): Promise<readonly string[]> {
    const judge = createSayingModel('judge', '42')
    const mixture = createMixture(
      { id: 'maths', workers, aggregate: judge, shuffle: false },
      { randomBytes: (size) => new Uint8Array(size).fill(0xa7) },
    )
    await askModel(mixture, { clock: new FakeClock(), body })
    return [workers[0], judge].map((model) => lastTextOf(model?.calls[0]?.request))
  }

  it('of a worker and of the aggregate', async () => {
    expect(await promptsOf(['a', 'b'].map((id) => createSayingModel(id, `${id} would run it.`)))).toMatchSnapshot()
  })

  it('of the aggregate with one adviser', async () => {
    expect((await promptsOf([createSayingModel('a', 'I would run it.')]))[1]).toMatch(/\nOne adviser has read/)
  })
})

describe('a prompt of the user', () => {
  it('takes the place of the default, with every slot', async () => {
    const text = Object.keys(draftsPromptSlots)
      .map((slot) => `${slot}={{ ${slot} }}`)
      .join('\n')
    expect(await promptOf({ prompts: { aggregate: { text } } })).toBe(
      `What is 6 times 7?\n\nmixture.name=maths\nmixture.description=Good at sums.\ntoday=2023-11-14\nquestion=What is 6 times 7?\nhistory=\ndrafts=${[
        '[a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7 Draft 1 begins]\nSix sevens are 42.\n[a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7 Draft 1 ends]',
        '[a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7 Draft 2 (ended at its length limit) begins]\n6 * 7 = 4\n[a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7 Draft 2 (ended at its length limit) ends]',
      ].join('\n\n')}\ndraft_count=2\nboundary=a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7`,
    )
  })

  it.each([
    ['select', 'select'],
    ['deliberate', 'deliberate'],
    ['rank_fuse', 'rank'],
  ] as const)('of %s too', async (strategy, name) => {
    expect(await promptOf({ strategy, topK: 1, prompts: { [name]: { text: 'Well?\n{{ drafts }}' } } })).toMatch(
      /\n\nWell\?\n\[a7/,
    )
  })
})

describe('docs/prompts.md', () => {
  const page = readFileSync(new URL('../../docs/prompts.md', import.meta.url), 'utf8')
  const sections = new Map(page.split(/^## /m).map((section) => [section.split('\n', 1)[0] ?? '', section]))
  it('lists every prompt that shows drafts', () => {
    const section = sections.get('`prompts` of a mixture that show drafts') ?? ''
    const listed = [...section.slice(0, section.indexOf('same slots')).matchAll(/^\| `(\w+)` \|/gm)]
    expect(listed.map(([, name]) => name)).toEqual(draftsPrompts.map(({ name }) => name))
  })

  const documented = [
    ['`prompts` of a mixture that show drafts', draftsPromptSlots],
    ['`prompts.adviser` of a mixture', adviserSlots],
    ['`prompts.repair` of a mixture', repairSlots],
    ['`prompts.worker` of a mixture and `template` of a worker', workerTemplateSlots],
    ['`system_prompt` of a mixture', mixtureSystemPromptSlots],
    ['`system_prompt` of an aggregate', aggregateSystemPromptSlots],
    ['`system_prompt` of a worker', workerSystemPromptSlots],
  ] as const

  it.each(documented)('lists the slots of %s', (title, slots) => {
    const listed = [
      ...(sections.get(title)?.split('| slot |')[1] ?? '').matchAll(/^\| `([\w.]+)`( \(required\))? \|/gm),
    ]
    expect(
      Object.fromEntries(listed.map(([, slot = '', required]) => [slot, required ? 'required' : 'optional'])),
    ).toEqual(slots)
  })
})
