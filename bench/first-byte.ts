/** How long a caller looks at nothing: from its request to the headers and the role of a streamed answer. */
import { openChaosClient, writeRequest } from '../src/testing/chaos-client.ts'

export interface FirstByteLoad {
  readonly url: string
  readonly model: string
  readonly requests: number
  readonly concurrency: number
}

/** Milliseconds of each request; the callers leave once they have seen the role. */
export async function measureFirstBytes(load: FirstByteLoad): Promise<readonly number[]> {
  const took: number[] = []
  let begun = 0
  const lane = async (): Promise<void> => {
    while (begun < load.requests) {
      begun += 1
      took.push(await firstByteMs(load))
    }
  }
  await Promise.all(Array.from({ length: load.concurrency }, lane))
  return took
}

async function firstByteMs({ url, model }: FirstByteLoad): Promise<number> {
  const client = await openChaosClient(url)
  const messages = [{ role: 'user', content: 'What do the wheels say?' }]
  const askedMs = performance.now()
  client.write(writeRequest('/v1/chat/completions', { model, stream: true, messages }))
  await client.until('"role":"assistant"')
  const tookMs = performance.now() - askedMs
  client.leave()
  return tookMs
}
