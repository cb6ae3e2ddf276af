import { describe, expect, it } from 'vitest'
import { Utf8Decoder } from './utf8-decoder.ts'

function decode(bytes: Buffer, cut: number): { text: string; isBroken: boolean } {
  const decoder = new Utf8Decoder()
  const text = decoder.write(bytes.subarray(0, cut)) + decoder.write(bytes.subarray(cut))
  decoder.end()
  return { text, isBroken: decoder.isBroken }
}

describe('Utf8Decoder', () => {
  const text = 'a ä € 𝄞 \u2028 \ufffd \0 z'

  it('reads text wherever it is cut', () => {
    const bytes = Buffer.from(text)
    for (let cut = 0; cut <= bytes.length; cut++) expect(decode(bytes, cut)).toEqual({ text, isBroken: false })
  })

  it.each([
    ['a byte that never stands in UTF-8', [0xff]],
    ['an end without a beginning', [0x80]],
    ['a beginning without an end', [0xe2, 0x82, 0x41]],
    ['a character that is longer than it needs to be', [0xc0, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a character beyond the last', [0xf4, 0x90, 0x80, 0x80]],
  ])('stops before %s, wherever it is cut', (_name, bad) => {
    const bytes = Buffer.concat([Buffer.from('€ before '), Buffer.from(bad), Buffer.from(' behind')])
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(decode(bytes, cut)).toEqual({ text: '€ before ', isBroken: true })
  })

  it('is broken where a character that has begun never ends', () => {
    expect(decode(Buffer.from([0x61, 0xe2, 0x82]), 2)).toEqual({ text: 'a', isBroken: true })
  })
})
