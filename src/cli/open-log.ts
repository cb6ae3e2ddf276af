import process from 'node:process'
import { systemClock } from '../chat/clock.ts'
import type { RequestLog } from '../store/request-log.ts'
import type { StoredBudgets } from '../store/stored-budgets.ts'
import type { Terminal } from './terminal.ts'

/** The request log in a folder. Loaded only when it is used: SQLite costs memory and start-up time. */
export async function openLog(directory: string, terminal: Terminal): Promise<RequestLog> {
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
export async function openBudgets(directory: string, terminal: Terminal): Promise<StoredBudgets> {
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
