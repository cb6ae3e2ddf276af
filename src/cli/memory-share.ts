import { totalmem } from 'node:os'
import process from 'node:process'
import { residentBytes } from './resident-bytes.ts'

/** What this process uses of the memory that it may use: that of its container, else that of the machine. */
export function memoryShare(): number {
  const limit = process.constrainedMemory()
  return residentBytes() / (limit > 0 ? Math.min(limit, totalmem()) : totalmem())
}
