/**
 * The gateway on real models: the CLI with two GGUF files in its process, asked by the official client. Prints what it
 * checked and ends with the counts; `--transcript` also writes examples/real-models/transcript.md and a page for each
 * strategy and for rounds in examples/strategies/.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { cacheFolders, gemma3, hasLlama, isWholeModel, smollm2 } from '../../scripts/model-cache.ts'
import { checks, type Check, type Exchange, type PageCheck, pageChecks } from './real-model-checks.ts'

const root = join(import.meta.dirname, '../..')
const folders = cacheFolders(process.env)
const mostRefusals = 120

const missing = [smollm2, gemma3].filter((model) => !isWholeModel(join(folders.models, model.file), model))
if (missing.length > 0 || !hasLlama(folders.llama)) {
  const what = [...missing.map(({ file }) => file), ...(hasLlama(folders.llama) ? [] : ['node-llama-cpp'])].join(', ')
  console.log(`real models: not run, because ${what} could not be fetched (npm run models:fetch)`)
  console.log(`0 passed, 0 failed, ${checks.length} skipped`)
} else {
  console.log(`real models: run with ${smollm2.file} and ${gemma3.file}`)
  const gateway = await startGateway()
  try {
    await runChecks(gateway.url)
  } finally {
    gateway.process.kill('SIGTERM')
  }
}

async function runChecks(url: string): Promise<void> {
  const exchanges: Exchange[] = []
  let failed = 0
  for (const check of checks) failed += (await passes(check, url, exchanges)) ? 0 : 1
  if (process.argv.includes('--transcript')) writeTranscript(exchanges)
  console.log(`${checks.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

async function passes({ name, run }: Check, url: string, exchanges: Exchange[]): Promise<boolean> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
  const startedMs = performance.now()
  try {
    exchanges.push({ ...(await onceAdmitted(() => run(client, url))), name })
    console.log(`✓ ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`)
    return true
  } catch (error) {
    console.log(`✗ ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    return false
  }
}

/** Asks again where the gateway has refused: on a machine that models keep busy it may have to, and says for how long. */
async function onceAdmitted<T>(ask: () => Promise<T>): Promise<T> {
  for (let refusals = 0; ; refusals += 1)
    try {
      return await ask()
    } catch (error) {
      const isRefused = error instanceof OpenAI.APIError && error.code === 'overloaded'
      if (!isRefused || refusals === mostRefusals) throw error
      await sleep(1000)
    }
}

/** Runs where node-llama-cpp is installed, as a user of a global MoLLMR would in the folder of a project. */
function startGateway(): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const words = ['start', '--port', '0', '--config', join(root, 'examples/real-models/config.yaml')]
  const child = spawn(process.execPath, [join(root, 'src/cli/bin.ts'), ...words], {
    cwd: folders.llama,
    env: { ...process.env, MOLLMR_MODELS: folders.models },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    let printed = ''
    child.stdout.on('data', (data: Buffer) => {
      printed += data.toString()
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? []
      if (url !== undefined) resolve({ url, process: child })
    })
    child.once('exit', (code) => {
      reject(new Error(`The gateway ended with code ${code}: ${printed}`))
    })
  })
}

function writeTranscript(exchanges: readonly Exchange[]): void {
  const path = join(root, 'examples/real-models/transcript.md')
  assert.ok(existsSync(join(path, '..')))
  const head = `# A session with two real models

Written by \`npm run e2e:real -- --transcript\`: ${smollm2.file} and ${gemma3.file}, in one process, on processors alone. The models are
among the smallest there are, and their answers show it; what the session shows is that all of it runs.
`
  const pages = new Map(pageChecks.map((check) => [check.name, check]))
  const ofSession = exchanges.filter(({ name }) => !pages.has(name))
  writeFileSync(path, [head, ...ofSession.map(sectionOf)].join('\n'))
  for (const exchange of exchanges) writePage(pages.get(exchange.name), exchange)
}

function writePage(check: PageCheck | undefined, exchange: Exchange): void {
  if (!check) return
  const folder = join(root, 'examples/strategies')
  mkdirSync(folder, { recursive: true })
  const head = `# ${check.title} with two real models

Written by \`npm run e2e:real -- --transcript\` with the mixture \`${check.mixture}\` of [its config](../real-models/config.yaml): ${smollm2.file} and
${gemma3.file}, in one process. [The page on strategies](../../docs/strategies.md) says what each does.
`
  writeFileSync(join(folder, `${check.page}.md`), [head, sectionOf(exchange)].join('\n'))
}

function sectionOf({ name, request, ran, text, calls }: Exchange): string {
  const fence = '```'
  const rows = calls.map(
    ({ stage, requested, outcome, usage, totalMs }) =>
      `| ${stage} | ${requested} | ${outcome} | ${usage?.promptTokens ?? '-'} | ${usage?.completionTokens ?? '-'} | ${(totalMs / 1000).toFixed(1)} |`,
  )
  return [
    `## ${name}\n`,
    `${fence}json\n${JSON.stringify(request, null, 2)}\n${fence}\n`,
    `${fence}\n${Object.entries(ran)
      .map(([key, value]) => `${key}: ${value}`)
      .join('\n')}\n\n${text}\n${fence}\n`,
    ...(rows.length > 0
      ? [
          '| stage | model | outcome | prompt tokens | completion tokens | seconds |\n|---|---|---|---|---|---|',
          ...rows,
          '',
        ]
      : []),
  ].join('\n')
}
