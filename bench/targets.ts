/** What is measured side by side: the gateway, the minimal proxy, a peer, and the upstream that all of them ask. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Tools } from './compile-tools.ts'
import { cores } from './cores.ts'
import { installPortkey } from './portkey.ts'
import type { LoadTarget } from './run-load.ts'
import { awaitAnswer } from './await-answer.ts'

export const targetNames = ['MoLLMR', 'raw', 'Portkey', 'upstream'] as const
export type TargetName = (typeof targetNames)[number]

/** How to start one of them. */
export interface Target {
  readonly name: TargetName
  /** Answers 200 as soon as it serves. */
  readonly healthPath: string
  readonly headers: readonly string[]
  readonly core: string
  readonly env?: Readonly<Record<string, string>>
  command(port: number): readonly [program: string, ...words: string[]]
}

export interface RunningTarget extends LoadTarget {
  readonly name: TargetName
  readonly pid: number
  /** From the spawn to the first 200. */
  readonly startUpMs: number
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '..')

/** The upstream alone: every other target is started with its port. */
export function createUpstream(tools: Tools): Target {
  return {
    name: 'upstream',
    healthPath: '/',
    headers: [],
    core: cores.load,
    command: (port) => [tools.upstream, String(port)],
  }
}

/** `leftUrl` is the base URL of the upstream of the models that are left. */
export function createMollmr(upstreamPort: number, leftUrl: string): Target {
  const main = join(root, 'dist/cli/bin.js')
  const config = join(import.meta.dirname, 'config.yaml')
  return {
    name: 'MoLLMR',
    healthPath: '/health/live',
    headers: [],
    core: cores.measured,
    env: { BENCH_UPSTREAM: upstreamOrigin(upstreamPort), BENCH_LEFT_UPSTREAM: leftUrl },
    command: (port) => [
      process.execPath,
      main,
      'start',
      '--config',
      config,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
    ],
  }
}

export function createRaw(upstreamPort: number, tools: Tools): Target {
  return {
    name: 'raw',
    healthPath: '/',
    headers: [],
    core: cores.measured,
    command: (port) => [process.execPath, tools.rawProxy, String(port), upstreamOrigin(upstreamPort)],
  }
}

/** @throws where the package can be had neither from the cache nor from the registry */
export function createPortkey(upstreamPort: number): Target {
  const server = installPortkey()
  return {
    name: 'Portkey',
    healthPath: '/',
    headers: ['x-portkey-provider: openai', `x-portkey-custom-host: ${upstreamOrigin(upstreamPort)}/v1`],
    core: cores.measured,
    command: (port) => [process.execPath, server, `--port=${port}`, '--headless'],
  }
}

/** Starts it on its core and waits until it serves. */
export async function startTarget(target: Target): Promise<RunningTarget> {
  const port = await findFreePort()
  const log = join(import.meta.dirname, 'bin', `${target.name}.log`)
  const startedMs = performance.now()
  const child = spawn('taskset', ['-c', target.core, ...target.command(port)], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production', ...target.env },
    stdio: ['ignore', 'ignore', openSync(log, 'w')],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  await Promise.race([
    awaitAnswer(port, target.healthPath),
    ended.then(() => {
      throw new Error(`${target.name} ended while it started: see ${log}.`)
    }),
  ])
  return {
    name: target.name,
    pid: child.pid ?? 0,
    port,
    headers: target.headers,
    startUpMs: performance.now() - startedMs,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function upstreamOrigin(port: number): string {
  return `http://127.0.0.1:${port}`
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
