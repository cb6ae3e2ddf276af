/** A client from PyPI in a process of its own, which plays one feature after the other: see `python/jobs.py`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { clientsFolder, pythonFolder } from '../../../scripts/client-folders.ts'
import type { Asked } from './describe-client.ts'

export class PythonClient {
  readonly #child: ChildProcess
  readonly #answers: AsyncIterator<string>
  #complaints = ''

  /** @param file in the folder `python` */
  constructor(file: string) {
    // LiteLLM asks the internet for prices otherwise.
    const env = { PATH: process.env['PATH'], PYTHONPATH: pythonFolder(), LITELLM_LOCAL_MODEL_COST_MAP: 'True' }
    this.#child = spawn('python3', ['-B', join(clientsFolder, 'python', file)], { env, stdio: 'pipe' })
    if (!this.#child.stdout) throw new Error('Python has no stdout.')
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#child.stderr?.on('data', (data: Buffer) => (this.#complaints += data.toString()))
  }

  /** What a feature came to. @throws Error as the client says it */
  async play(feature: string, { url, baseUrl, model, prompt, target }: Asked): Promise<unknown> {
    const embedder = target === 'bypass' ? 'embedder' : model
    this.#child.stdin?.write(`${JSON.stringify({ feature, url, baseUrl, model, prompt, embedder })}\n`)
    const { value: line, done } = await this.#answers.next()
    if (done === true) throw new Error(`Python has ended: ${this.#complaints}`)
    const answer = JSON.parse(line) as { readonly came: unknown } | { readonly error: string }
    if ('error' in answer) throw new Error(answer.error)
    return answer.came
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await ended
  }
}
