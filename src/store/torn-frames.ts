/** What the end of SQLite's write-ahead log says of writes that a crash has cut (sqlite.org/fileformat2.html, section 4). */
import { existsSync, readFileSync } from 'node:fs'

const headerBytes = 32
const frameHeaderBytes = 24
const magics = new Set([0x377f0682, 0x377f0683])

/** Pages of writes that had not ended when the process did: SQLite drops them when it opens the file next. */
export function countTornFrames(walPath: string): number {
  if (!existsSync(walPath)) return 0
  const wal = readFileSync(walPath)
  if (wal.length < headerBytes || !magics.has(wal.readUInt32BE(0))) return 0
  const frameBytes = frameHeaderBytes + wal.readUInt32BE(8)
  let sums = checksum([0, 0], wal.subarray(0, 24), wal)
  let [begun, lasting, isWhole] = [0, 0, true]
  for (let at = headerBytes; at + frameHeaderBytes <= wal.length; at += frameBytes) {
    // Frames of an earlier round of the file follow behind the last of this one.
    if (!wal.subarray(at + 8, at + 16).equals(wal.subarray(16, 24))) break
    begun += 1
    sums = checksum(sums, wal.subarray(at, at + 8), wal)
    sums = checksum(sums, wal.subarray(at + frameHeaderBytes, at + frameBytes), wal)
    isWhole &&= at + frameBytes <= wal.length
    isWhole &&= sums[0] === wal.readUInt32BE(at + 16) && sums[1] === wal.readUInt32BE(at + 20)
    const commits = wal.readUInt32BE(at + 4) !== 0
    if (isWhole && commits) lasting = begun
  }
  return begun - lasting
}

/** Of whole pairs of words, in the byte order that the file is written in. */
function checksum([first, second]: readonly [number, number], bytes: Buffer, wal: Buffer): [number, number] {
  const isBig = wal.readUInt32BE(0) === 0x377f0683
  const word = (at: number): number => (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))
  let [one, two] = [first, second]
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    one = (one + word(at) + two) >>> 0
    two = (two + word(at + 4) + one) >>> 0
  }
  return [one, two]
}
