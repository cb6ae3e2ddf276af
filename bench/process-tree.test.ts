import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readCpuUs, readRssKb } from './process-tree.ts'

const hasSchedstat = existsSync('/proc/self/schedstat')
if (!hasSchedstat) console.log('skipped: this system has no /proc/PID/schedstat')

describe.skipIf(!hasSchedstat)('what a process tree has used', () => {
  it('is time on a core that only grows', () => {
    const before = readCpuUs(process.pid)
    let sum = 0
    for (let index = 0; index < 3_000_000; index++) sum += index
    expect(sum).toBeGreaterThan(0)
    expect(readCpuUs(process.pid)).toBeGreaterThan(before)
  })

  it('holds what its children have', async () => {
    const aloneKb = readRssKb(process.pid)
    const child = spawn(process.execPath, ['-e', 'console.log("ready"); setInterval(() => {}, 1000)'])
    await once(child.stdout, 'data')
    const childKb = readRssKb(child.pid ?? 0)
    const bothKb = readRssKb(process.pid)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(childKb).toBeGreaterThan(10_000)
    expect(bothKb).toBeGreaterThan(aloneKb + childKb / 2)
  })
})
