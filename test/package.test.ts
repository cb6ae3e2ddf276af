/** The package as a user gets it: packed, installed into an empty folder, started, imported with types. */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const minutes = 60_000
let folder: string
let tarball: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-package-'))
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root })
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '')
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  // Whatever is done below works without any script of a package.
  await run('npm', ['install', tarball, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
}, 4 * minutes)

afterAll(() => {
  // Thousands of files: a disk that has much to write takes its time.
  rmSync(folder, { recursive: true, force: true })
}, minutes)

describe('the packed tarball', () => {
  it(
    'starts in an empty folder and answers, with nothing configured',
    async () => {
      // A group of its own: npx starts a shell that starts the gateway, and does not take it along when it ends.
      const options = { cwd: folder, env: withoutKeys(process.env), detached: true }
      const gateway = spawn('npx', ['mollmr', 'start', '--port', '0'], options)
      try {
        const url = await new Promise<string>((resolve, reject) => {
          let printed = ''
          gateway.stdout.on('data', (data: Buffer) => {
            printed += data.toString()
            const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? []
            if (found !== undefined) resolve(found)
          })
          gateway.once('exit', () => {
            reject(new Error(`mollmr start ended: ${printed}`))
          })
        })
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            model: 'router',
            messages: [
              { role: 'system', content: 'You are a helpful AI assistant.' },
              { role: 'user', content: 'Please tell me a joke.' },
            ],
            temperature: 0.7,
            max_tokens: -1,
            stream: false,
          }),
        })
        expect(await (await fetch(url)).text()).toContain('<title>MoLLMR</title>')
        const body = (await response.json()) as { model: string; choices: { message: { content: string } }[] }
        expect(response.status).toBe(200)
        expect(body.model).toBe('router')
        expect(body.choices[0]?.message.content).not.toBe('')
      } finally {
        if (gateway.pid !== undefined) process.kill(-gateway.pid, 'SIGTERM')
      }
    },
    minutes,
  )

  it(
    'gives createMixture and createRouter to a program, with types',
    async () => {
      const program = `
      import { createAnthropic } from '@ai-sdk/anthropic'
      import { collectAnswer, createAiSdkModel, createCallContext, createChatRequest, createMixture, createRouter, createSimulatedModel, createTrace, recordCalls, retried, systemClock, withinDeadline } from 'mollmr'
      const [a, b] = ['a', 'b'].map((id, seed) => createSimulatedModel({ id, seed }))
      if (!a || !b) throw new Error('no models')
      const mixture = createMixture({ id: 'both', description: 'Everything.', workers: [a, b], aggregate: a })
      const router = createRouter({ candidates: [{ model: mixture, description: 'Everything.', offered: true }] })
      const request = createChatRequest({ model: 'router', messages: [{ role: 'user', content: 'Hi' }] })
      const claude = createAiSdkModel({ id: 'claude-sonnet-5', connect: (name, fetch) => Promise.resolve(createAnthropic({ apiKey: 'x', fetch })(name)) })
      const asInACatalog = withinDeadline(retried(recordCalls(claude), { maxRetries: 2 }))
      if (asInACatalog.card.kind !== 'model') throw new Error('no model')
      const answer = await collectAnswer(router.chat(request, createCallContext({ trace: createTrace('one', systemClock) })))
      console.log(answer.text.length > 0 ? 'answered' : 'silent')
    `
      writeFileSync(join(folder, 'program.ts'), program)
      const compile = [
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2024',
        '--types',
        'node',
        'program.ts',
      ]
      const typeRoots = ['--typeRoots', join(root, 'node_modules/@types')]
      await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...compile, ...typeRoots], {
        cwd: folder,
      })
      const { stdout } = await run(process.execPath, ['program.ts'], { cwd: folder })
      expect(stdout.trim()).toBe('answered')
    },
    minutes,
  )

  it('holds code, prompts and licence, and no test', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = stdout.split('\n')
    expect(files).toContain('package/dist/mixture/prompts/aggregate.md')
    expect(files).toContain('package/LICENSE')
    expect(files.filter((file) => file.includes('.test.'))).toEqual([])
  })

  it('brings at most 120 packages and 80 MB, nothing native and no script that runs when it is installed', () => {
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as Lockfile
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '')
    expect(packages.length).toBeGreaterThan(20)
    expect(packages.length).toBeLessThanOrEqual(120)
    expect(packages.filter(([, { hasInstallScript }]) => hasInstallScript === true)).toEqual([])
    const files = readdirSync(join(folder, 'node_modules'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    expect(files.filter((file) => /\.node$|binding\.gyp$/.test(file))).toEqual([])
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
    expect(bytes).toBeLessThanOrEqual(80e6)
  })

  it(
    'is clean to publint and attw',
    async () => {
      const bin = (name: string): string => join(root, 'node_modules/.bin', name)
      await expect(run(bin('publint'), ['--strict', tarball], { cwd: folder })).resolves.toBeDefined()
      await expect(run(bin('attw'), [tarball, '--profile', 'esm-only'], { cwd: folder })).resolves.toBeDefined()
    },
    minutes,
  )
})

/** What is read of npm's own record of what it has installed. */
interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>
}

function withoutKeys(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('_API_KEY')))
}
