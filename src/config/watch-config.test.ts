import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'
import { watchConfig } from './watch-config.ts'

let folder: string
let path: string
let heard: string[]
let stop: () => Promise<void>

const config = (name: string, prompt = 'x {{ drafts }}'): string =>
  `mixtures: [{ name: ${name}, aggregate: { name: m }, prompts: { aggregate: "${prompt}" } }]`

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-watch-'))
  path = join(folder, 'config.yaml')
  heard = []
})

afterEach(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

/** `meanwhile` is written once it was read. */
async function watch(text: string, meanwhile = text): Promise<void> {
  writeFileSync(path, text)
  const parsed = await loadConfig(path, {})
  writeFileSync(path, meanwhile)
  stop = await watchConfig({
    path,
    env: {},
    parsed,
    onChange: ({ config: { mixtures } }) => {
      heard.push(mixtures.map((m) => `${m.name} ${m.prompts.aggregate?.text ?? ''}`).join())
    },
    onError: (error) => heard.push((error as Error).message),
  })
}

async function next(count = 1): Promise<string | undefined> {
  while (heard.length < count) await new Promise((resolve) => setTimeout(resolve, 10))
  return heard.at(-1)
}

describe('watchConfig', () => {
  it('reads a file that is written again', async () => {
    await watch(config('one'))
    writeFileSync(path, config('two'))
    expect(await next()).toContain('two')
  })

  it('reads a file that an editor puts in its place', async () => {
    await watch(config('one'))
    writeFileSync(`${path}.tmp`, config('two'))
    renameSync(`${path}.tmp`, path)
    expect(await next()).toContain('two')
  })

  it('tells what is wrong with a bad change, and hears the next good one', async () => {
    await watch(config('one'))
    writeFileSync(path, 'mixtures: [{ nme: x }]')
    expect(await next()).toContain('did you mean "name"?')
    writeFileSync(path, config('three'))
    expect(await next(2)).toContain('three')
  })

  it.each([
    [config('two'), 'two'],
    ['mixtures: [{ nme: x }]', 'did you mean "name"?'],
  ])('hears of a change that was made before it began to watch: %s', async (...[meanwhile, what]) => {
    await watch(config('one'), meanwhile)
    expect(heard).toEqual([expect.stringContaining(what)])
  })

  it('says nothing where nothing has changed', async () => {
    await watch(config('one'))
    expect(heard).toEqual([])
  })

  it('hears of a change in a template', async () => {
    writeFileSync(join(folder, 'a.md'), 'old {{ drafts }}')
    await watch(config('one', './a.md'))
    writeFileSync(join(folder, 'a.md'), 'new {{ drafts }}')
    expect(await next()).toBe('one new {{ drafts }}')
  })
})
