import { describe, expect, it } from 'vitest'
import { type Asked, beginRun, type RunEvent } from './run.ts'
import {
  conversationOf,
  isRunning,
  mixtureOf,
  questionOf,
  standingOf,
  standInOf,
  type Turn,
  withChoice,
  withEvent,
  withRun,
} from './turn.ts'

const generic: Asked = { model: 'generic', aggregate: null }
const before = [{ role: 'user', content: 'Hi' }]

/** A turn with runs whose ids are 1, 2, …: each with its events. */
function turnOf(...events: readonly (readonly RunEvent[])[]): Turn {
  const empty: Turn = { id: 100, question: 'Why?', before, runs: [], choice: null }
  const turns = events.reduce<readonly Turn[]>(
    (all, each, index) =>
      each.reduce(
        (heard, event) => withEvent(heard, { id: index + 1, event, now: 5 }),
        withRun(all, 100, beginRun(index + 1, generic, 0)),
      ),
    [empty],
  )
  return turns[0] ?? empty
}

const says = (text: string): readonly RunEvent[] => [{ type: 'content', text }, { type: 'ended' }]
const draft = (step: number, text: string): readonly RunEvent[] => [
  { type: 'progress', progress: { step, stage: 'worker', name: 'a', state: 'done', at_ms: 1 } },
  { type: 'draft', draft: { step, name: 'a', kind: 'whole', text } },
]

describe('a turn', () => {
  it('sends the same with every run, whoever is asked', () => {
    const asked = { model: 'generic', aggregate: 'z' }
    expect(questionOf(turnOf(says('Because.')), asked)).toEqual({
      model: 'generic',
      aggregate: 'z',
      messages: [...before, { role: 'user', content: 'Why?' }],
    })
  })

  it('leaves turns alone in which nothing happens', () => {
    const [first, second] = [turnOf(says('Because.')), { ...turnOf(), id: 200 }]
    const turns = withEvent([first, second], { id: 1, event: { type: 'stopped' }, now: 9 })
    expect(turns[1]).toBe(second)
    expect(isRunning(first)).toBe(false)
    expect(isRunning(turnOf(says('Because.'), []))).toBe(true)
  })
})

describe('the conversation', () => {
  it('has of each turn the first answer that came whole', () => {
    const stopped: readonly RunEvent[] = [{ type: 'content', text: 'Bec' }, { type: 'stopped' }]
    expect(conversationOf([turnOf(stopped), turnOf(stopped, says('Because.'), says('So.'))])).toEqual([
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'Because.' },
    ])
  })
})

describe('what is picked', () => {
  const turn = turnOf([...draft(4, 'A draft.'), ...says('Because.')], says('So.'))
  const picked = (run: number, step: number | null): Turn => withChoice([turn], 100, { run, step })[0] ?? turn
  const standings = (of: Turn): readonly string[] => of.runs.map((run) => standingOf(of, run))

  it('is a draft or another answer, and the conversation goes on from it', () => {
    const texts = [turn, picked(1, 4), picked(2, null)].map((each) => conversationOf([each])[1]?.content)
    expect(texts).toEqual(['Because.', 'A draft.', 'So.'])
    expect(withChoice([picked(1, 4)], 100, null)).toEqual([turn])
    expect(withChoice([turn], 200, { run: 1, step: 4 })).toEqual([turn])
  })

  it('is nothing where it is what counts anyway', () => {
    expect(picked(1, null)).toEqual(turn)
  })

  it('is told of, and what else there is to pick', () => {
    expect([turn, picked(1, 4), picked(2, null)].map(standings)).toEqual([
      ['first', 'open'],
      ['open', 'open'],
      ['open', 'picked'],
    ])
    expect([turn, picked(1, 4), picked(2, null)].map(standInOf)).toEqual([
      null,
      'The draft of a',
      'The answer of another model',
    ])
  })

  it('may be a draft where the answer failed', () => {
    const failure = { code: 'upstream_error', message: 'No.' }
    const failed = turnOf([...draft(4, 'A draft.'), { type: 'failed', failure }])
    expect(conversationOf([failed])).toEqual([])
    expect(standings(failed)).toEqual(['none'])
    expect(conversationOf(withChoice([failed], 100, { run: 1, step: 4 }))[1]?.content).toBe('A draft.')
  })
})

describe('the mixture that can be asked again with its drafts', () => {
  const route = (name: string): RunEvent => ({
    type: 'progress',
    progress: { step: 0, stage: 'route', name, state: 'chosen', at_ms: 0 },
  })
  const of = (...events: readonly RunEvent[]): string | null | undefined => turnOf(events).runs.map(mixtureOf)[0]

  it('is the one that was asked, or that the router has chosen', () => {
    expect(of(...draft(1, 'x'))).toBe('generic')
    expect(of(route('coder'), ...draft(1, 'x'))).toBe('coder')
  })

  it('is none where there is no draft, or the router has composed it', () => {
    expect(of(...says('Because.'))).toBeNull()
    expect(of(route('plan:a+b>c'), ...draft(1, 'x'))).toBeNull()
  })
})
