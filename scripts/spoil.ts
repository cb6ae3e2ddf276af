/** Makes bad inputs out of good ones: bits, bytes, pieces, numbers and the words that parsers stumble over. */

const words = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  'null',
  '-1',
  '1e400',
  '0x',
  '__proto__',
  'constructor',
  '\u0000',
  '\ufeff',
  '\r',
  '\n',
  '\r\n\r\n',
  '\ud800',
  '\u2028',
  '🎈',
  '&a ',
  '*a ',
  '<<: ',
  '${X}',
  '%',
  'data:',
  'true',
  '"model":',
  '<think>',
  '</think>',
  '```',
  '\\boxed{',
]

/** A good input. */
export type Seed = string | Uint8Array

function bytesOf(seed: Seed = ''): Buffer<ArrayBuffer> {
  return typeof seed === 'string' ? Buffer.from(seed) : Buffer.from(seed)
}

/** At most 4 changes to one of `seeds`. */
export function spoil(seeds: readonly Seed[], random: () => number): Buffer {
  const pick = (below: number): number => Math.floor(random() * below)
  let bytes: Buffer<ArrayBuffer> = bytesOf(seeds[pick(seeds.length)])
  for (let changes = 1 + pick(4); changes > 0; changes -= 1) bytes = change(bytes, seeds, pick)
  return bytes
}

function change(
  bytes: Buffer<ArrayBuffer>,
  seeds: readonly Seed[],
  pick: (below: number) => number,
): Buffer<ArrayBuffer> {
  const at = pick(bytes.length + 1)
  const to = Math.min(bytes.length, at + pick(20))
  const [before, inside, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
  switch (pick(7)) {
    case 0:
      return Buffer.concat([before, Buffer.of(pick(256)), after])
    case 1:
      return Buffer.concat([before, after])
    case 2:
      return Buffer.concat([before, inside, inside, inside, after])
    case 3:
      return Buffer.concat([before, Buffer.from(words[pick(words.length)] ?? ''), bytes.subarray(at)])
    case 4:
      return before
    case 5:
      return Buffer.concat([before, bytesOf(seeds[pick(seeds.length)]).subarray(pick(50)), after])
    default:
      return Buffer.concat([before, Buffer.from((words[pick(words.length)] ?? '').repeat(1 + pick(100))), after])
  }
}
