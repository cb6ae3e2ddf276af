/** `npm run slow`: good callers beside slow ones that the program `slowhttptest` plays, 500 of each of its four kinds at once. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { ChildGateway } from './child-gateway.ts'
import { atLeast, atMost, writeReport } from './write-report.ts'

const { values } = parseArgs({
  options: { full: { type: 'boolean', default: false }, seconds: { type: 'string' } },
})
const seconds = Number(values.seconds ?? (values.full ? 600 : 15))
const connections = 500
/** The program opens a few less than it is told to before its time is over. */
const opened = connections + 20
const patienceMs = 10_000

/** By what they do slowly. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  headers: ['-H', '-i', '5', '-x', '24', '-t', 'GET'],
  body: ['-B', '-i', '5', '-x', '24', '-s', '8192', '-t', 'POST', '-f', 'application/json'],
  ranges: ['-R', '-a', '10', '-b', '3000', '-t', 'GET'],
  reading: ['-X', '-n', '5', '-w', '10', '-y', '20', '-z', '32', '-k', '3', '-t', 'GET'],
}
const paths: Readonly<Record<string, string>> = { body: '/v1/chat/completions', reading: '/openapi.json' }

const config = `
server: { port: 0 }
upstreams: { sim: { kind: simulated, first_token_ms: 1, tokens_per_second: 2000 } }
models: [{ id: a, upstream: sim }, { id: b, upstream: sim }]
mixtures: [{ name: generic, workers: [a, b], aggregate: a }]
`

function isInstalled(): boolean {
  try {
    execFileSync('slowhttptest', ['-h'], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** Connections that were open or had been closed again when it ended, as the program tells on its last page. */
async function playSlow(kind: string, url: string): Promise<number> {
  const length = ['-c', String(opened), '-r', '250', '-l', String(seconds), '-p', '5']
  const child = spawn('slowhttptest', [...(kinds[kind] ?? []), ...length, '-u', url + (paths[kind] ?? '/')])
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-20_000)))
  await once(child, 'exit')
  const lastOf = (word: string): number =>
    Number([...stripVTControlCharacters(said).matchAll(new RegExp(`${word}:\\s*(\\d+)`, 'g'))].at(-1)?.[1] ?? 0)
  // It ends before its time, and before its next page, where all of them have been answered.
  return said.includes('No open connections left') ? opened : lastOf('connected') + lastOf('closed')
}

interface GoodCounts {
  asked: number
  refused: number
  slowestMs: number
  /** The status and code of what was no good answer, or how its connection failed. */
  readonly reasons: Record<string, number>
}

async function askGood(url: string, counts: GoodCounts): Promise<void> {
  const startMs = performance.now()
  counts.asked += 1
  const stream = counts.asked % 2 === 0
  const messages = [{ role: 'user', content: `Question ${counts.asked}` }]
  const reason = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'generic', stream, messages }),
    signal: AbortSignal.timeout(patienceMs),
  }).then(
    async (response) => flawOf(response.status, await response.text(), stream),
    (error: unknown) => String((error as Error).cause ?? error),
  )
  if (reason !== null) {
    counts.refused += 1
    counts.reasons[reason] = (counts.reasons[reason] ?? 0) + 1
  }
  counts.slowestMs = Math.max(counts.slowestMs, Math.round(performance.now() - startMs))
}

function flawOf(status: number, text: string, stream: boolean): string | null {
  if (text.includes(stream ? '[DONE]' : '"finish_reason":"stop"')) return null
  return `${status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 100)}`
}

async function measure(): Promise<void> {
  const gateway = await ChildGateway.start(config)
  const slow = Promise.all(Object.keys(kinds).map((kind) => playSlow(kind, gateway.url)))
  const counts: GoodCounts = { asked: 0, refused: 0, slowestMs: 0, reasons: {} }
  let isOver = false
  const lane = async (): Promise<void> => {
    while (!isOver) {
      await askGood(gateway.url, counts)
      await sleep(20)
    }
  }
  const good = Promise.all(Array.from({ length: 4 }, lane))
  const open = await slow
  isOver = true
  await good
  await gateway.close()
  writeReport(
    'slow',
    [
      atMost(
        `good requests refused in ${seconds} s beside ${connections} slow connections of each kind`,
        counts.refused,
        0,
      ),
      ...Object.keys(kinds).map((kind, index) => atLeast(`slow connections: ${kind}`, open[index] ?? 0, connections)),
    ],
    { seconds, ...counts },
  )
}

if (isInstalled()) await measure()
else
  console.log(
    'The program slowhttptest is not installed (apt-get install slowhttptest).\n0 passed, 0 failed, 1 skipped',
  )
