/** Spoilt requests on bare sockets to a gateway that runs: it must go on, and never answer with a 5xx. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'
import { runConfig } from '../src/testing/run-config.ts'
import { spoil } from './spoil.ts'

export interface HttpFuzzResult {
  readonly cases: number
  readonly failures: readonly { readonly input: Buffer; readonly why: string }[]
}

const body = { model: 'sim', messages: [{ role: 'user', content: 'Hi' }] }
/** A request whose body is compressed. */
function packed(encoding: string, pack: (text: string) => Buffer): Buffer {
  const bytes = pack(JSON.stringify(body))
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-encoding: ${encoding}\r\n`
  return Buffer.concat([Buffer.from(`${head}content-length: ${bytes.length}\r\n\r\n`), bytes])
}

const seeds = [
  packed('gzip', gzipSync),
  packed('deflate', deflateSync),
  packed('br', brotliCompressSync),
  packed('zstd', zstdCompressSync),
  writeRequest('/v1/chat/completions', body),
  writeRequest('/v1/chat/completions', { ...body, stream: true }),
  writeRequest('/v1/messages', { ...body, max_tokens: 5 }),
  writeRequest('/v1/responses', { model: 'sim', input: 'Hi' }),
  writeRequest('/mollmr/v1/explain', body),
  writeRequest('/v1/models/mollmr%2Fsim'),
  writeRequest('/health/ready', undefined, { accept: '*/*', 'x-api-key': 'k' }),
  `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n`,
]
const lanes = 20
const patienceMs = 3000

export async function fuzzHttp(cases: number, random: () => number): Promise<HttpFuzzResult> {
  const gateway = await runConfig('upstreams: { sim: { kind: simulated } }\nmixtures: []\n')
  const failures: { input: Buffer; why: string }[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < cases) {
      next += 1
      const input = spoil(seeds, random)
      const why = await complaintOf(gateway.url, input)
      if (why !== null) failures.push({ input, why })
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  for (const error of gateway.errors) failures.push({ input: Buffer.alloc(0), why: `inside: ${String(error)}` })
  await gateway.close()
  return { cases, failures }
}

/** Ends its half, so that a request that is not complete is seen as one. */
async function complaintOf(url: string, input: Buffer): Promise<string | null> {
  const client = await openChaosClient(url)
  client.write(input)
  client.halfClose()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve('It does not end.')
    }, patienceMs)
  })
  const why = await Promise.race([client.closed.then(() => null), late])
  clearTimeout(timer)
  client.leave()
  if (why !== null) return why
  const [, status] = /^HTTP\/1\.1 (5\d\d)/m.exec(client.text) ?? []
  return status === undefined ? null : `It is answered with ${status}.`
}
