import { describe, expect, it } from 'vitest'
import { catalogOf } from '../catalog/catalog.ts'
import { UpstreamError } from '../chat/errors.ts'
import { createMixture } from '../mixture/mixture.ts'
import { createFailingModel, createSayingModel } from '../testing/fake-model.ts'
import { recordCalls } from '../trace/record-calls.ts'
import { ask, type AskOptions } from './ask.ts'
import type { Terminal } from './terminal.ts'

const usage = { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 }
const broken = new UpstreamError('upstream_error', 'No.')

async function asked(options: Partial<AskOptions> = {}): Promise<{ readonly out: string; readonly err: string }> {
  const recorded = (id: string, text: string): ReturnType<typeof recordCalls> =>
    recordCalls(createSayingModel(id, text, usage))
  const workers = [recorded('a', 'A draft.'), recorded('b', 'Another.'), recordCalls(createFailingModel('c', broken))]
  const mixture = createMixture({ id: 'generic', workers, aggregate: recorded('z', 'The one answer.') })
  const printed = { out: '', err: '' }
  const style = { bold: String, dim: String, red: String, green: String, yellow: String }
  const terminal: Terminal = {
    out: (text) => (printed.out += text),
    err: (text) => (printed.err += text),
    isLive: false,
    style,
    outStyle: style,
  }
  const catalog = catalogOf([mixture], { prefix: '', deadline: {} })
  const { signal } = new AbortController()
  await ask(catalog, terminal, { model: 'generic', question: 'Why?', signal, ...options })
  return printed
}

describe('mollmr ask', () => {
  it('says the answer on stdout, and all about it on stderr', async () => {
    const { out, err } = await asked()
    expect(out).toBe('The one answer.\n')
    expect(err).toContain('worker a')
    expect(err).toContain('route generic, written by z, degraded 2/3; 4 calls, 60 + 12 tokens, cost unknown')
  })

  it('says it as one JSON object', async () => {
    const { out } = await asked({ json: true })
    expect(JSON.parse(out)).toMatchObject({
      answer: 'The one answer.',
      reasoning: null,
      finish_reason: 'stop',
      route: 'generic',
      model: 'z',
      degraded: '2/3',
      usage: { completion_tokens: 4, mollmr: { calls: 4, ledger: [{}, {}, {}, {}] } },
    })
    expect(out).not.toContain('spans')
  })

  it('shows every draft, which nobody else keeps', async () => {
    const { out, err } = await asked({ show: 'drafts' })
    expect(out).toBe('The one answer.\n')
    expect(err).toContain('draft of a\nA draft.\n\ndraft of b\nAnother.\n')
    expect(err).not.toContain('draft of c')
    expect(JSON.parse((await asked({ show: 'drafts', json: true })).out)).toMatchObject({
      drafts: [
        { worker: 'a', text: 'A draft.' },
        { worker: 'b', text: 'Another.' },
      ],
    })
    expect((await asked({ show: 'trace', json: true })).out).not.toContain('A draft.')
  })

  it('shows what the request did', async () => {
    const { out, err } = await asked({ show: 'trace' })
    expect(out).toBe('The one answer.\n')
    expect(err).toMatch(/^request ask at 0\.00 s for \d+\.\d\d s$/m)
    expect(err).toMatch(/^ {2}worker c at \d+\.\d\d s for \d+\.\d\d s, upstream_error$/m)
    expect(err).toContain('    call to a: ok, 20 + 4 tokens (reported), cost unknown')
    const { spans } = JSON.parse((await asked({ show: 'trace', json: true })).out) as { spans: { stage: string }[] }
    expect(spans.map(({ stage }) => stage)).toEqual(['request', 'worker', 'worker', 'worker', 'aggregate'])
  })
})
