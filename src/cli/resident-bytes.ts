import process from 'node:process'

let latest = 0

/** Bytes of this process that are in memory. Node opens a file to see: where none may be opened, what it saw last stands. */
export function residentBytes(): number {
  try {
    latest = process.memoryUsage.rss()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE' && (error as NodeJS.ErrnoException).code !== 'ENFILE')
      throw error
  }
  return latest
}
