import { mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WalSync } from './wal-sync.ts'

/** Syncs that have begun: the disk is as slow as a test wants. */
const disk = vi.hoisted(() => ({ begun: [] as { file: number; end: (error: Error | null) => void }[] }))

vi.mock('node:fs', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  fdatasync: (file: number, end: (error: Error | null) => void) => disk.begun.push({ file, end }),
}))

let directory: string
let path: string
let database: DatabaseSync
let walSync: WalSync
let errors: unknown[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mollmr-wal-'))
  path = join(directory, 'a.sqlite')
  database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; create table a (n integer)')
  errors = []
  disk.begun = []
  walSync = new WalSync(path, (error) => errors.push(error))
})

afterEach(() => {
  database.close()
  rmSync(directory, { recursive: true, force: true })
})

function commit(n: number): void {
  database.prepare('insert into a values (?)').run(n)
  walSync.request()
}

describe('what was committed', () => {
  it('is brought to the disk from the write-ahead log', () => {
    commit(1)
    expect(disk.begun.map(({ file }) => readlinkSync(`/proc/self/fd/${file}`))).toEqual([`${path}-wal`])
  })

  it('takes one sync more while the disk is busy, however much it is', () => {
    for (let n = 0; n < 5; n += 1) commit(n)
    expect(disk.begun).toHaveLength(1)
    disk.begun[0]?.end(null)
    expect(disk.begun).toHaveLength(2)
    disk.begun[1]?.end(null)
    expect(disk.begun).toHaveLength(2)
  })

  it('that could not be brought there is told of, and tried again with the next', () => {
    commit(1)
    disk.begun[0]?.end(new Error('EIO: i/o error, fdatasync'))
    expect(errors).toEqual([new Error('EIO: i/o error, fdatasync')])
    commit(2)
    expect(disk.begun).toHaveLength(2)
  })
})

describe('who waits for the disk', () => {
  it('waits for a sync that began after the commit', async () => {
    commit(1)
    let isThere = false
    const waiting = walSync.synced().then(() => (isThere = true))
    disk.begun[0]?.end(null)
    await Promise.resolve()
    expect(isThere).toBe(false)
    disk.begun[1]?.end(null)
    expect(await waiting).toBe(true)
  })

  it('hears of a sync that failed, and of no other', async () => {
    const failing = walSync.synced()
    disk.begun[0]?.end(new Error('EIO: i/o error, fdatasync'))
    await expect(failing).rejects.toThrow('EIO')
    const good = walSync.synced()
    disk.begun[1]?.end(null)
    await expect(good).resolves.toBeUndefined()
    expect(errors).toHaveLength(1)
  })

  it('hears that the log cannot be opened', async () => {
    const missing = new WalSync(join(directory, 'none.sqlite'), (error) => errors.push(error))
    await expect(missing.synced()).rejects.toThrow('ENOENT')
  })
})

describe('the file of the log', () => {
  const isOpen = (file: number): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${file}`).startsWith(path)
    } catch {
      return false
    }
  }

  it.each([true, false])('is closed with it, after a sync that runs (%s)', (runs) => {
    commit(1)
    const [sync] = disk.begun
    if (!sync) throw new Error('There was no sync.')
    if (!runs) sync.end(null)
    expect(isOpen(sync.file)).toBe(true)
    walSync.close()
    expect(isOpen(sync.file)).toBe(runs)
    if (runs) sync.end(null)
    expect(isOpen(sync.file)).toBe(false)
  })

  it('is told of where it cannot be opened', () => {
    new WalSync(join(directory, 'none.sqlite'), (error) => errors.push(error)).request()
    expect(errors).toMatchObject([{ code: 'ENOENT' }])
  })
})
