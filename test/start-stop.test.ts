/** The process: with what it ends, what it lets end first, and what it does with a config that changes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ChaosClient, openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'

const bin = join(import.meta.dirname, '../src/cli/bin.ts')
const config = (pace: string, server = ''): string => `
server: { port: 0${server} }
upstreams: { sim: { kind: simulated, ${pace} } }
mixtures: [{ name: generic, aggregate: sim }]
`
let folder: string
let file: string
let started: Started | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-start-'))
  file = join(folder, 'mollmr.yaml')
})

afterEach(() => {
  started?.process.kill('SIGKILL')
  started = undefined
  rmSync(folder, { recursive: true, force: true })
})

interface Started {
  readonly process: ChildProcess
  readonly output: { text: string }
  readonly ended: Promise<number | null>
}

/** With a limit of files where one is given. */
function start(words: readonly string[], nodeOptions: readonly string[] = [], mostFiles?: number): Started {
  const command = [process.execPath, ...nodeOptions, bin, 'start', '--config', file, ...words]
  const [program = '', ...rest] =
    mostFiles === undefined ? command : ['/bin/sh', '-c', `ulimit -n ${mostFiles} && exec "$@"`, 'sh', ...command]
  const child = spawn(program, rest, { cwd: folder })
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output.text += data.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  started = { process: child, output, ended }
  return started
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function urlOf({ output }: Started): Promise<string> {
  const url = /http:\/\/127\.0\.0\.1:\d+/
  await until(() => url.test(output.text))
  return url.exec(output.text)?.[0] ?? ''
}

function ask(url: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'generic', stream: true, messages: [{ role: 'user', content: 'Tell me a story.' }] }),
  })
}

function rowsOf(table: string): unknown[] {
  const database = new DatabaseSync(join(folder, 'mollmr.sqlite'), { readOnly: true })
  const rows = database.prepare(`select * from ${table}`).all()
  database.close()
  return rows
}

describe('mollmr start', () => {
  it.each([
    ['a config that cannot be meant', 'mixtures: [{ nam: x }]', [], 'mollmr.yaml:1:'],
    ['a config that is no YAML', 'mixtures: [', [], 'mollmr.yaml'],
    ['a public port without keys', config('seed: 1'), ['--host', '0.0.0.0'], '--insecure-no-auth'],
    ['a log that must be kept nowhere', config('seed: 1', ', log: { required: true }'), [], '--data DIR'],
  ])('ends with 78 for %s, and says why', async (...[, text, words, why]) => {
    writeFileSync(file, text)
    const { output, ended } = start(words)
    expect(await ended).toBe(78)
    expect(output.text).toContain(why)
  })

  it('lets a stream end after SIGTERM, then ends with 0', async () => {
    writeFileSync(file, config('tokens_per_second: 100'))
    const running = start([])
    const response = await ask(await urlOf(running))
    running.process.kill('SIGTERM')
    expect(await response.text()).toContain('data: [DONE]')
    expect(await running.ended).toBe(0)
  })

  it('cuts a stream that takes longer than drain_ms, with an error that says so, and ends with 0', async () => {
    writeFileSync(file, config('tokens_per_second: 1', ', drain_ms: 200'))
    const running = start([])
    const response = await ask(await urlOf(running))
    running.process.kill('SIGTERM')
    const text = await response.text()
    expect(text).toContain('"code":"server_shutdown"')
    expect(text).not.toContain('[DONE]')
    expect(await running.ended).toBe(0)
  })

  it('ends at once at the second signal', async () => {
    writeFileSync(file, config('tokens_per_second: 1'))
    const running = start([])
    const response = await ask(await urlOf(running))
    running.process.kill('SIGTERM')
    await until(() => running.output.text.includes('Letting running answers end'))
    running.process.kill('SIGTERM')
    expect(await running.ended).toBe(130)
    await expect(response.text()).rejects.toThrow()
  })

  it('lets a stream end after an error that nobody caught, then ends with 1', async () => {
    writeFileSync(file, config('tokens_per_second: 100'))
    const bomb = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("boom")})'
    const running = start([], ['--import', bomb])
    const response = await ask(await urlOf(running))
    running.process.kill('SIGUSR2')
    expect(await response.text()).toContain('data: [DONE]')
    expect(await running.ended).toBe(1)
    expect(running.output.text).toContain('boom')
  })

  it('keeps its config while a changed one cannot be used, and says so in health', async () => {
    writeFileSync(file, config('seed: 1'))
    const running = start([])
    const url = await urlOf(running)
    const stateOf = async (): Promise<unknown> => {
      const response = await fetch(`${url}/health/ready`)
      return ((await response.json()) as { config: unknown }).config
    }
    expect(await stateOf()).toBe('current')
    writeFileSync(file, 'mixtures: [{ nam: x }]')
    await until(async () => (await stateOf()) === 'stale')
    expect(running.output.text).toContain('mollmr.yaml:1:')
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toMatch(/^mollmr_config_reload_failed_total [1-9]/m)
    expect(metrics).toContain('\nmollmr_config_stale 1\n')
    expect((await ask(url)).status).toBe(200)
    writeFileSync(file, config('seed: 2'))
    await until(async () => (await stateOf()) === 'current')
  })

  it('says of a request that ran when it was killed, at its next start, that it was aborted', async () => {
    writeFileSync(file, config('tokens_per_second: 1'))
    const data = ['--data', folder]
    const killed = start(data)
    const asked = await ask(await urlOf(killed))
    await until(() => rowsOf('running').length === 1)
    killed.process.kill('SIGKILL')
    await killed.ended
    await expect(asked.text()).rejects.toThrow()
    const running = start(data)
    await urlOf(running)
    expect(running.output.text).toContain('1 requests ran when an earlier process died')
    expect(rowsOf('requests')).toMatchObject([{ route: 'generic', outcome: 'aborted_crash' }])
    expect(rowsOf('running')).toEqual([])
  })

  it('has every answer in its log that a caller has got, also where it is killed at that moment, if the log is to be in step', async () => {
    writeFileSync(file, config('tokens_per_second: 1000', ', log: { sync: true }'))
    const killed = start(['--data', folder])
    const text = await (await ask(await urlOf(killed))).text()
    killed.process.kill('SIGKILL')
    expect(text).toContain('data: [DONE]')
    await killed.ended
    expect(rowsOf('requests')).toMatchObject([{ route: 'generic', outcome: 'ok' }])
    expect(rowsOf('calls')).toMatchObject([{ requested: 'sim', outcome: 'ok' }])
    expect(rowsOf('running')).toEqual([])
  })

  it('takes on nothing while its log cannot be written, if it must be', async () => {
    writeFileSync(file, config('tokens_per_second: 1000', ', log: { required: true }'))
    const running = start(['--data', folder])
    const url = await urlOf(running)
    const holder = new DatabaseSync(join(folder, 'mollmr.sqlite'))
    holder.exec('begin immediate')
    expect((await ask(url)).status).toBe(200)
    await until(async () => (await ask(url)).status === 503)
    holder.exec('rollback')
    holder.close()
    await until(async () => (await ask(url)).status === 200)
  })

  it.runIf(process.platform === 'linux')(
    'turns callers away while nearly all files are open that it may have, and recovers without a new start',
    async () => {
      writeFileSync(file, config('seed: 1'))
      const running = start([], [], 80)
      const url = await urlOf(running)
      const idle = await Promise.all(
        Array.from({ length: 100 }, () =>
          openChaosClient(url).then(
            (client) => client,
            () => null,
          ),
        ),
      )
      const isHolding = (client: ChaosClient | null): boolean => client !== null && !client.isClosed
      // Whom the kernel let in but the process could not take is sent away without a word.
      await until(() => !idle.every(isHolding))
      const asking = idle.filter(isHolding).at(-1)
      asking?.write(writeRequest('/v1/models'))
      await asking?.closed
      expect(asking?.text).toContain('HTTP/1.1 503')
      expect(asking?.text).toContain('"code":"overloaded"')
      for (const client of idle) client?.leave()
      await until(() =>
        ask(url).then(
          (response) => response.status === 200,
          () => false,
        ),
      )
      expect(running.process.exitCode).toBeNull()
    },
  )
})
