import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 2
const patienceMs = 20_000

/** Resolves at the first 200 of a server that is only starting. */
export async function awaitAnswer(port: number, path: string): Promise<void> {
  const givesUpAt = performance.now() + patienceMs
  while (!(await answers(port, path))) {
    if (performance.now() > givesUpAt) throw new Error(`Port ${port} gave no 200 within ${patienceMs / 1000} s.`)
    await sleep(pollMs)
  }
}

function answers(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume()
      response.on('close', () => {
        resolve(response.statusCode === 200)
      })
    })
    request.on('error', () => {
      resolve(false)
    })
  })
}
