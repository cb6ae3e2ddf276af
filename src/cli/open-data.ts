import process from 'node:process'
import { systemClock } from '../chat/clock.ts'
import { ConfigError, OverloadError } from '../chat/errors.ts'
import type { Config, LogConfig } from '../config/config.ts'
import type { GatewayOptions } from '../gateway/gateway.ts'
import type { RequestLog } from '../store/request-log.ts'
import type { StoredBudgets } from '../store/stored-budgets.ts'
import type { Terminal } from './terminal.ts'

export interface OpenedData {
  readonly log: RequestLog | null
  readonly keyBudgets: StoredBudgets | null
}

/** What is kept in the folder that `start` was given; nothing without one. @throws ConfigError where the config wants a log kept */
export async function openData(directory: string | undefined, config: Config, terminal: Terminal): Promise<OpenedData> {
  if (directory === undefined) requireNone(config)
  if (directory === undefined) return { log: null, keyBudgets: null }
  return { log: await openLog(directory, terminal), keyBudgets: await openBudgets(directory, terminal) }
}

function requireNone({ server: { log }, origin }: Config): void {
  if (!log.sync && !log.required) return
  const key = log.required ? 'required' : 'sync'
  throw new ConfigError(`${origin}: server.log.${key} is set, but no log is kept. Say where: mollmr start --data DIR`)
}

const unwritable = 'cannot write its request log'

/** How a gateway writes down what is asked, as its config wants it. */
export function writingTo(
  log: RequestLog,
  { sync, required }: LogConfig,
): Pick<GatewayOptions, 'onBegin' | 'onTrace' | 'record' | 'complaint'> {
  return {
    onBegin: (trace) => {
      log.begin(trace)
    },
    onTrace: (trace) => {
      log.add(trace)
    },
    ...(required ? { complaint: () => (log.isFailing ? unwritable : null) } : {}),
    ...(sync
      ? {
          record: (trace) =>
            log.record(trace).catch(() => {
              if (required) throw new OverloadError(unwritable)
            }),
        }
      : {}),
  }
}

/** The request log in a folder. Loaded only when it is used: SQLite costs memory and start-up time. */
async function openLog(directory: string, terminal: Terminal): Promise<RequestLog> {
  const { openRequestLog } = await import('../store/request-log.ts')
  const log = openRequestLog(directory, {
    clock: systemClock,
    process: { pid: process.pid, isAlive },
    onError: (error) => {
      terminal.err(`The request log in ${directory} cannot be written: ${(error as Error).message}\n`)
    },
  })
  const { aborted, tornPages } = log.found
  if (aborted > 0)
    terminal.err(`${aborted} requests ran when an earlier process died; the log calls them aborted_crash.\n`)
  if (tornPages > 0) terminal.err(`${tornPages} pages of a write that was cut then are not in the log.\n`)
  return log
}

/** What keys spend in a day, in the same file. */
async function openBudgets(directory: string, terminal: Terminal): Promise<StoredBudgets> {
  const { openStoredBudgets } = await import('../store/stored-budgets.ts')
  return openStoredBudgets(directory, {
    clock: systemClock,
    onError: (error) => {
      terminal.err(`What keys spend cannot be written down in ${directory}: ${(error as Error).message}\n`)
    },
  })
}

/** A process of somebody else lives, too. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
