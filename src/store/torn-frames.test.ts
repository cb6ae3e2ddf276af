import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { countTornFrames } from './torn-frames.ts'

let folder: string
let database: DatabaseSync
const file = (name: string): string => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-wal-'))
  database = new DatabaseSync(file('a'))
  database.exec('pragma journal_mode = wal; create table t (x text)')
  const insert = database.prepare('insert into t values (?)')
  for (let row = 0; row < 20; row += 1) insert.run('x'.repeat(3000))
})

afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The log as it would be if the last `bytes` had not been written. */
function cutBy(bytes: number): string {
  copyFileSync(file('a-wal'), file('b-wal'))
  truncateSync(file('b-wal'), statSync(file('b-wal')).size - bytes)
  return file('b-wal')
}

it('finds nothing torn in a log that is whole, and none in no log', () => {
  expect([countTornFrames(file('a-wal')), countTornFrames(file('none'))]).toEqual([0, 0])
})

it('counts the page of a write that was cut, which SQLite then drops', () => {
  expect(countTornFrames(cutBy(100))).toBeGreaterThanOrEqual(1)
  copyFileSync(file('a'), file('b'))
  const reopened = new DatabaseSync(file('b'))
  expect(reopened.prepare('select count(*) as n from t').get()).toEqual({ n: 19 })
  reopened.close()
})

it('counts a page whose bytes are not those that were meant', () => {
  copyFileSync(file('a-wal'), file('c-wal'))
  const size = statSync(file('c-wal')).size
  truncateSync(file('c-wal'), size - 100)
  truncateSync(file('c-wal'), size)
  expect(countTornFrames(file('c-wal'))).toBeGreaterThanOrEqual(1)
})
