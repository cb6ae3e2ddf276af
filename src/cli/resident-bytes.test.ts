import process from 'node:process'
import { afterEach, expect, it, vi } from 'vitest'
import { residentBytes } from './resident-bytes.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

it('stands by what it saw last where the process may open no more files', () => {
  const reads = vi.spyOn(process.memoryUsage, 'rss').mockReturnValueOnce(5_000_000)
  reads.mockImplementation(() => {
    throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' })
  })
  expect(residentBytes()).toBe(5_000_000)
  expect(residentBytes()).toBe(5_000_000)
})

it('tells of any other failure', () => {
  vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => {
    throw new Error('broken')
  })
  expect(residentBytes).toThrow('broken')
})
