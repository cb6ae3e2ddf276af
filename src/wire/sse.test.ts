import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SseParser, type SseEvent, writeSseComment, writeSseData, writeSseText } from './sse.ts'

const limit = 10_000
const expected: SseEvent[] = [
  { event: 'message', data: '{"a":"é🎈"}' },
  { event: 'message', data: '{"b":"\u2028"}' },
  { event: 'ping', data: '' },
  { event: 'message', data: 'one\ntwo' },
  { event: 'message', data: '[DONE]' },
]
const lines = [
  'data: {"a":"é🎈"}',
  '',
  ': a comment',
  '',
  'id: 7',
  'retry: 10',
  'data:{"b":"\u2028"}',
  '',
  'event: ping',
  'data',
  '',
  'event: lost',
  '',
  'data: one',
  'data: two',
  'unknown: field',
  '',
  'data: [DONE]',
]

function parse(pieces: readonly Uint8Array[]): SseEvent[] {
  const parser = new SseParser(limit)
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()]
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const cuts = [0, ...at.toSorted((a, b) => a - b), bytes.length]
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end))
}

const mixed = lines.map((line, index) => `${line}${['\n', '\r', '\r\n'][index % 3] ?? ''}`).join('')
const variants: [name: string, text: string][] = [
  ['LF', lines.join('\n') + '\n\n'],
  ['CRLF', lines.join('\r\n') + '\r\n\r\n'],
  ['CR', lines.join('\r') + '\r\r'],
  ['mixed line ends', mixed],
  ['a byte order mark', '\ufeff' + lines.join('\n') + '\n\n'],
  ['no blank line at the end', lines.join('\n') + '\n'],
  ['no line end at the end', lines.join('\n')],
  ['a CR at the end', lines.join('\r') + '\r'],
]

describe.each(variants)('a stream with %s', (_name, text) => {
  const bytes = Buffer.from(text)

  it('has the same events whole and byte by byte', () => {
    expect(parse([bytes])).toEqual(expected)
    expect(parse([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected)
  })

  it('has the same events at every cut', () => {
    for (let at = 0; at <= bytes.length; at += 1) expect(parse(cut(bytes, [at]))).toEqual(expected)
  })

  it('has the same events at every two cuts of its first lines', () => {
    const head = bytes.subarray(0, 90)
    const whole = parse([head])
    for (let first = 0; first <= head.length; first += 1) {
      for (let second = first; second <= head.length; second += 1)
        expect(parse(cut(head, [first, second]))).toEqual(whole)
    }
  })

  it('has the same events at any number of cuts', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (at) => {
        expect(parse(cut(bytes, at))).toEqual(expected)
      }),
    )
  })
})

describe('SseParser', () => {
  it('gives an event as soon as it is complete', () => {
    const parser = new SseParser(limit)
    expect(parser.push(Buffer.from('data: a\n'))).toEqual([])
    expect(parser.push(Buffer.from('\ndata: b'))).toEqual([{ event: 'message', data: 'a' }])
    expect(parser.end()).toEqual([{ event: 'message', data: 'b' }])
  })

  it('keeps NUL and any other character of a value', () => {
    expect(parse([Buffer.from('data: a\0b\u2029c\n\n')])).toEqual([{ event: 'message', data: 'a\0b\u2029c' }])
  })

  it('takes away one space only', () => {
    expect(parse([Buffer.from('data:  a \n\n')])).toEqual([{ event: 'message', data: ' a ' }])
  })

  it.each(['data: ' + 'x'.repeat(limit + 1), ('data: ' + 'x'.repeat(100) + '\n').repeat(110)])(
    'refuses an event without end',
    (text) => {
      expect(() => new SseParser(limit).push(Buffer.from(text))).toThrow('longer than')
    },
  )

  it.each([writeSseData, (json: string) => writeSseText('a', json)])(
    'writes JSON that came in several lines as one',
    (write) => {
      const [event] = parse([Buffer.from('data: {"a":\ndata: "x\\n"}\n\n')])
      const written = write(event?.data ?? '')
      expect(written).toMatch(/^(event: a\n)?data: .*\n\n$/)
      expect(JSON.parse(parse([Buffer.from(written)])[0]?.data ?? '')).toEqual({ a: 'x\n' })
    },
  )

  it('reads what is written', () => {
    const text = writeSseComment('keep-alive') + writeSseData('{"a":1}')
    expect(parse([Buffer.from(text)])).toEqual([{ event: 'message', data: '{"a":1}' }])
  })

  it('gives back any list of texts that was written', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const written = values.map((value) => JSON.stringify(value))
        const events = parse([Buffer.from(written.map(writeSseData).join(''))])
        expect(events.map(({ data }) => data)).toEqual(written)
      }),
    )
  })
})
