/** A config that changes again and again while many are being answered: none of them notices. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { chunksOf, type FakeUpstream, sendEvents, startFakeUpstream } from '../src/testing/fake-upstream.ts'

const bin = join(import.meta.dirname, '../src/cli/bin.ts')
const callers = 20
const reloads = 8
const words = 6
let folder: string
let file: string
let upstreams: Readonly<Record<'old' | 'new', FakeUpstream>>
let gateway: ChildProcess

/** Says its word again and again, slowly, so that the config changes in the middle; where a draft says the other, says that. */
function startSaying(own: string, other: string): Promise<FakeUpstream> {
  return startFakeUpstream(async (response, { text }) => {
    const word = text.includes(`${other} ${other}`) ? 'mixed' : own
    const chunks = chunksOf(`${word} `.repeat(words).trim()).map((chunk) => JSON.stringify(chunk))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const chunk of chunks) {
      response.write(`data: ${chunk}\n\n`)
      await wait(30)
    }
    sendEvents(response, ['[DONE]'])
  })
}

/** All models of a config say the same word. */
function writeConfig(word: 'old' | 'new'): void {
  const text = `
server: { port: 0 }
upstreams: { up: { kind: openai, base_url: "${upstreams[word].baseUrl}" } }
models: [{ id: one, upstream: up }, { id: two, upstream: up }]
mixtures: [{ name: generic, workers: [one, two], aggregate: one, reuse_drafts_ms: 0 }]
`
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-reload-'))
  file = join(folder, 'mollmr.yaml')
  upstreams = { old: await startSaying('old', 'new'), new: await startSaying('new', 'old') }
  writeConfig('old')
})

afterEach(async () => {
  gateway.kill('SIGKILL')
  await Promise.all([upstreams.old.close(), upstreams.new.close()])
  rmSync(folder, { recursive: true, force: true })
})

/** Resolves to its URL. */
async function start(): Promise<string> {
  gateway = spawn(process.execPath, [bin, 'start', '--config', file], { cwd: folder })
  let text = ''
  gateway.stdout?.on('data', (data: Buffer) => (text += data.toString()))
  const pattern = /http:\/\/127\.0\.0\.1:\d+/
  while (!pattern.test(text)) await wait(20)
  return pattern.exec(text)?.[0] ?? ''
}

const whole = (word: string): string => `200 ${`${word} `.repeat(words).trim()}`

it('no answer is lost, cut or mixed while the config is read again under load', { timeout: 60_000 }, async () => {
  const url = await start()
  let isOver = false
  const answers: string[] = []
  const askOn = async (): Promise<void> => {
    while (!isOver) {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'generic', messages: [{ role: 'user', content: 'Which?' }] }),
      })
      const { choices } = (await response.json()) as { choices?: { message: { content: string } }[] }
      answers.push(`${response.status} ${choices?.[0]?.message.content ?? ''}`)
    }
  }
  const asking = Array.from({ length: callers }, askOn)
  for (let time = 1; time <= reloads; time += 1) {
    const word = time % 2 === 1 ? 'new' : 'old'
    const before = answers.length
    writeConfig(word)
    while (!answers.slice(before).includes(whole(word))) await wait(20)
  }
  isOver = true
  await Promise.all(asking)
  expect(new Set(answers)).toEqual(new Set([whole('old'), whole('new')]))
  expect(answers.length).toBeGreaterThan(callers)
})
