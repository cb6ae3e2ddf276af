import { describe, expect, it } from 'vitest'
import { nearestName } from './nearest-name.ts'

describe('nearestName', () => {
  const known = ['quorum', 'grace_ms', 'workers', 'worker.name']

  it.each([
    ['quorom', 'quorum'],
    ['qourum', 'quorum'],
    ['Grace_MS', 'grace_ms'],
    ['worker', 'workers'],
    ['worker.nmae', 'worker.name'],
  ])('takes %s for %s', (written, meant) => {
    expect(nearestName(written, known)).toBe(meant)
  })

  it('suggests nothing where nothing is close', () => {
    expect(nearestName('temperature', known)).toBeUndefined()
    expect(nearestName('x', known)).toBeUndefined()
    expect(nearestName('quorum', [])).toBeUndefined()
  })
})
