/** Tests of a program of the command line, for the table in docs/clients.md: it is started on what `mollmr connect` says. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Gateway } from '../../../src/cli/connect/client.ts'
import { type ClientName, clients } from '../../../src/cli/connect/clients.ts'
import { writeSettings } from '../../../src/cli/connect/write-settings.ts'
import { refusing } from '../../../src/testing/fake-upstream.ts'
import { runConfig } from '../../../src/testing/run-config.ts'
import type { RunningGateway } from '../../../src/testing/run-gateway.ts'
import type { SpanRecord, Trace } from '../../../src/trace/trace.ts'
import { type ClientCell, type Target, targets } from './describe-client.ts'
import { type ProgramEnd, type ProgramRun, runProgram } from './run-program.ts'
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts'
import { doneText, writingFile } from './write-file-script.ts'

export interface Program {
  /** As `mollmr connect` calls it. */
  readonly name: ClientName
  /** What is said to it, behind what points it at the gateway, so that it does a task without asking anybody. */
  readonly words: (task: string) => readonly string[]
  /** Requests beside the conversation, for a title and the like. */
  readonly sideRequests?: number
  /** What it does where every request fails, in the ten seconds from the first on: how many it sends at most, and whether it has ended by then. */
  readonly onFailure: { readonly mostRequests: number; readonly ends: boolean }
  /** Where it must not be empty. */
  readonly env?: Readonly<Record<string, string>>
}

const cli = join(import.meta.dirname, '../../../src/cli/bin.ts')
const patienceMs = 100_000
const failurePatienceMs = 10_000
const key = 'a-key-of-the-gateway'

/** The tests of `client`, which is named as its package is; they share one gateway and one home. */
export function describeProgram(client: string, program: Program): void {
  let stage: Stage
  const cell = (feature: string, target: Target): { meta: { client: ClientCell }; timeout: number } => ({
    meta: { client: { client, feature, target } },
    timeout: patienceMs + 10_000,
  })

  describe(client, () => {
    beforeAll(async () => {
      stage = await Stage.open(program)
    })
    afterAll(() => stage.close())

    const written = 'a task with a tool, on settings that are written'
    for (const target of Object.keys(targets) as Target[]) {
      test(`${written}: ${target}`, cell(written, target), () =>
        stage.playTask(target, (task) => stage.start(targets[target], task)),
      )
    }
    if (clients[program.name].run) {
      const run = 'a task with a tool, by connect --run'
      test(run, cell(run, 'router'), () =>
        stage.playTask('router', (task) => stage.startByConnect(targets.router, task)),
      )
    }
    const fails = 'a mixture that fails is asked a few times only'
    test(fails, cell(fails, 'mixture'), () => stage.playFailure())
  })
}

/** A gateway, a home and a folder for one program. */
class Stage {
  readonly #program: Program
  readonly #upstream: ScriptedUpstream
  readonly #gateway: RunningGateway
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'mollmr-program-')))
  readonly #home = join(this.#root, 'home')
  readonly #folder = join(this.#root, 'work')
  #tasks = 0

  private constructor(program: Program, upstream: ScriptedUpstream, gateway: RunningGateway) {
    this.#program = program
    this.#upstream = upstream
    this.#gateway = gateway
    mkdirSync(this.#home)
    mkdirSync(this.#folder)
  }

  static async open(program: Program): Promise<Stage> {
    const upstream = await startScriptedUpstream()
    return new Stage(program, upstream, await runConfig(configOf(upstream.baseUrl)))
  }

  async close(): Promise<void> {
    await this.#gateway.close()
    await this.#upstream.close()
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 5 })
  }

  /** The file is there, the answer is told, and nobody was asked who need not have been. */
  async playTask(target: Target, start: (task: string) => Promise<ProgramEnd>): Promise<void> {
    this.#tasks += 1
    const file = { path: join(this.#folder, `note-${this.#tasks}.txt`), content: `mixed ${this.#tasks} times` }
    this.#upstream.writer = writingFile(file)
    const mark = { calls: this.#upstream.calls.length, traces: this.#gateway.traces.length }
    const end = await start(`Create the file ${file.path} with the text "${file.content}".`)
    expect(end).toMatchObject({ code: 0, out: expect.stringContaining(doneText) })
    expect(readFileSync(file.path, 'utf8').trim()).toBe(file.content)
    this.#expectCalls(target, mark.calls)
    if (target !== 'bypass') this.#expectTraces(this.#gateway.traces.slice(mark.traces))
  }

  /** The workers are asked once, who writes the answer twice: before the tool and after it. */
  #expectCalls(target: Target, mark: number): void {
    const asked = this.#upstream.calls.slice(mark).map(({ body }) => body.model)
    const { sideRequests = 0 } = this.#program
    const side = Array.from({ length: sideRequests }, () => 'side')
    const mixed = ['worker-a', 'worker-b', 'aggregate', 'aggregate']
    expect(asked.sort()).toEqual([...(target === 'bypass' ? ['single', 'single'] : mixed), ...side].sort())
  }

  /** Both turns are the mixture's, with the advice of two workers; what stands beside them never wakes one. */
  #expectTraces(traces: readonly Trace[]): void {
    const isWorker = ({ stage, outcome }: SpanRecord): boolean => stage === 'worker' && outcome === 'ok'
    const ways = traces.map((trace) => {
      const workers = trace.spans().filter(isWorker).length
      return `${String(trace.attributes['route'])}, ${workers} workers`
    })
    const { sideRequests = 0 } = this.#program
    const side = Array.from({ length: sideRequests }, () => 'side, 0 workers')
    expect(ways.sort()).toEqual(['generic, 2 workers', 'generic, 2 workers', ...side].sort())
  }

  /** However long the program tries, the gateway tells it what is wrong and not to try again at once. */
  async playFailure(): Promise<void> {
    this.#upstream.writer = () => refusing(500, { error: { message: 'Out of order.' } })
    const mark = this.#gateway.traces.length
    const failures = (): number =>
      this.#gateway.traces.slice(mark).filter(({ attributes: { route } }) => route === 'failing').length
    const patience = new AbortController()
    const started = this.start('failing', 'Say hi.', patience.signal)
    const ended = started.then(() => true)
    await vi.waitUntil(() => failures() > 0, { timeout: patienceMs, interval: 50 })
    const { mostRequests, ends } = this.#program.onFailure
    const inTime = await Promise.race([ended, sleep(failurePatienceMs, false)])
    patience.abort()
    const { code } = await started
    expect([inTime, code]).toEqual(ends ? [true, 1] : [false, null])
    expect(failures()).toBeLessThanOrEqual(mostRequests)
    const body = { model: 'failing', messages: [{ role: 'user', content: 'Hi' }] }
    const sent = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const { status, headers } = await this.#gateway.chat(body, { headers: sent })
    expect([status, headers.get('x-should-retry'), headers.get('retry-after-ms')]).toEqual([502, 'false', null])
  }

  /** On its own file, with the settings in it. */
  start(model: string, task: string, end = AbortSignal.timeout(patienceMs)): Promise<ProgramEnd> {
    const client = clients[this.#program.name]
    const gateway: Gateway = {
      url: this.#gateway.url,
      model: { id: model, contextWindow: 200_000 },
      models: [{ id: model, contextWindow: 200_000 }],
      sideModel: 'side',
    }
    writeSettings(client, gateway, { env: {}, home: this.#home, folder: this.#folder })
    const { words, env } = client.start?.(gateway) ?? { words: [], env: {} }
    return this.#run(client.command, [...words, ...this.#program.words(task)], { env, end })
  }

  startByConnect(model: string, task: string): Promise<ProgramEnd> {
    const connect = ['connect', this.#program.name, '--url', this.#gateway.url, '-m', model, '--run', '--']
    return this.#run(process.execPath, [cli, ...connect, ...this.#program.words(task)], {
      env: {},
      end: AbortSignal.timeout(patienceMs),
    })
  }

  #run(command: string, words: readonly string[], { env, end }: Pick<ProgramRun, 'env' | 'end'>): Promise<ProgramEnd> {
    return runProgram({
      command,
      words,
      home: this.#home,
      folder: this.#folder,
      env: { ...this.#program.env, ...env, MOLLMR_API_KEY: key },
      end,
    })
  }
}

const configOf = (baseUrl: string): string => `
upstreams: { scripted: { kind: openai, base_url: "${baseUrl}", max_retries: 0 } }
models:
  - { id: org/single, upstream: scripted, name: single, context_window: 200000 }
  - { id: worker-a, upstream: scripted }
  - { id: worker-b, upstream: scripted }
  - { id: aggregate, upstream: scripted, context_window: 200000 }
  - { id: side, upstream: scripted }
  - { id: broken, upstream: scripted }
mixtures:
  - { name: generic, description: "Any question.", workers: [worker-a, worker-b], quorum: 2, aggregate: aggregate }
  - { name: failing, workers: [broken, { model: broken, samples: 2 }], aggregate: broken }
router: { default: generic, side_model: side }
keys: [{ name: program, key: ${key} }]
`
