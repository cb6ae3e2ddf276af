import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** What runs is measured alone on core 0; everything that measures it shares core 1. */
export const cores = { measured: '0', load: availableParallelism() > 1 ? '1' : '0' } as const

/** Keeps this process off the measured core. */
export function pinSelf(): void {
  execFileSync('taskset', ['-a', '-cp', cores.load, String(process.pid)], { stdio: 'ignore' })
}
