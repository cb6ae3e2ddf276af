/** The composition root: reads the command line, gives every room what it needs from the process, and maps errors to exit codes. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import process from 'node:process'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Catalog } from '../catalog/catalog.ts'
import { CancelledError, ConfigError, isMollmrError } from '../chat/errors.ts'
import type { ConnectOptions } from './connect/connect.ts'
import type { DoctorOptions } from './doctor/doctor.ts'
import { exitCodes } from './exit-code.ts'
import { openConfig } from './open-config.ts'
import { type Shown, shown } from './shown.ts'
import type { StartOptions } from './start.ts'
import { createTerminal, type Terminal } from './terminal.ts'

/** Runs one command; resolves to the exit code of the process. */
export async function runProgram(words: readonly string[]): Promise<number> {
  const terminal = createTerminal(process, process.env)
  const stop = new AbortController()
  stopOnSignals(stop)
  allowClosedOutput()
  const crash = stopOnCrash(stop, terminal)
  try {
    const root: Root = { terminal, stop: stop.signal, exitCode: exitCodes.ok }
    await createProgram(root).parseAsync(words, { from: 'user' })
    return crash.happened ? exitCodes.failure : root.exitCode
  } catch (error) {
    return explain(error, terminal)
  }
}

interface Root {
  readonly terminal: Terminal
  readonly stop: AbortSignal
  /** Where a command ends as a program did that it has run. */
  exitCode: number
}

function createProgram(root: Root): Command {
  const { terminal, stop } = root
  const { env } = process
  const program = new Command('mollmr')
    .description('A routed mixture of LLMs behind an OpenAI-compatible API.')
    .version(readVersion())
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
  withAddress(program.command('start').description('start the gateway'))
    .option('--data <dir>', 'folder for what lasts: the request log')
    .action(async (options: StartOptions) => {
      const { start } = await import('./start.ts')
      await start(options, { terminal, env, stop })
    })
  withConfig(program.command('check').description('check a config and say what it means')).action(
    async ({ config }: { config?: string }) => {
      const { check } = await import('./inspect.ts')
      check(await openConfig(config, env), terminal)
    },
  )
  withConfig(program.command('models').description('list the ids that can be asked')).action(
    async ({ config }: { config?: string }) => {
      const { listModels } = await import('./inspect.ts')
      listModels(await openConfig(config, env), terminal)
    },
  )
  addPrintCommands(program, terminal)
  addKeys(program, terminal)
  addAsk(program, root)
  addRoute(program, terminal)
  addConnect(program, root)
  addDoctor(program, root)
  return program
}

function addPrintCommands(program: Command, terminal: Terminal): void {
  program
    .command('prompts')
    .description('print the default prompts')
    .argument('[name]', 'only this one')
    .action(async (name: string | undefined) => {
      const { printPrompts } = await import('./inspect.ts')
      printPrompts(name, terminal)
    })
  program
    .command('schema')
    .description('print the JSON Schema of the config file')
    .action(async () => {
      const { createConfigJsonSchema } = await import('../config/config-file.ts')
      terminal.out(`${JSON.stringify(createConfigJsonSchema(), null, 2)}\n`)
    })
}

function addKeys(program: Command, terminal: Terminal): void {
  const keys = program.command('keys').description('make the keys that callers show')
  keys
    .command('new')
    .description('print a new key and its hash')
    .action(async () => {
      const { printNewKey } = await import('./keys.ts')
      printNewKey(terminal)
    })
  keys
    .command('hash')
    .description('print the hash of the key that comes on stdin')
    .action(async () => {
      const { printKeyHash } = await import('./keys.ts')
      printKeyHash(readFileSync(process.stdin.fd, 'utf8').trim(), terminal)
    })
}

interface AskedOptions {
  readonly config?: string
  readonly model: string
}

interface AskCommandOptions extends AskedOptions {
  readonly json?: boolean
  readonly show?: Shown
}

function addAsk(program: Command, { terminal, stop }: Root): void {
  withQuestion(program.command('ask').description('ask one question; the answer streams to stdout'))
    .option('--json', 'as one JSON object, once the answer is whole')
    .addOption(new Option('--show <what>', 'on stderr: what it did, step by step, or every draft').choices(shown))
    .action(async (written: string, { config, ...options }: AskCommandOptions) => {
      const { ask } = await import('./ask.ts')
      await withCatalog(config, (catalog) =>
        ask(catalog, terminal, { ...options, question: readQuestion(written), signal: stop }),
      )
    })
}

function addRoute(program: Command, terminal: Terminal): void {
  withQuestion(program.command('route').description('say what a question would do, without asking anybody'))
    .option('--json', 'as JSON')
    .action(async (written: string, { config, model, json = false }: AskedOptions & { json?: boolean }) => {
      const { explainRoute } = await import('./route.ts')
      await withCatalog(config, (catalog) => {
        explainRoute(catalog, terminal, { model, question: readQuestion(written), json })
      })
    })
}

function addConnect(program: Command, root: Root): void {
  withConfig(program.command('connect').description('point a client at the gateway: print, write or use its settings'))
    .argument('[client]', 'codex, claude, opencode, ...; without it, all of them are listed')
    .argument('[words...]', 'after "--": what the client is started with')
    .option('--url <url>', 'a gateway that runs elsewhere')
    .option('-m, --model <id>', 'router, a mixture or a single model')
    .option('--write', "put the settings into the client's own file, beside what is there; a copy of the file is kept")
    .option('--run', 'start the client on the settings and leave its file alone')
    .action(async (client: string | undefined, words: string[], options: Omit<ConnectOptions, 'words'>) => {
      const { connect } = await import('./connect/connect.ts')
      const places = { env: process.env, home: homedir(), folder: process.cwd() }
      root.exitCode = await connect(client, { ...options, words }, { ...root, ...places })
    })
}

function addDoctor(program: Command, root: Root): void {
  withAddress(
    program.command('doctor').description('find what is wrong: config, port, upstreams, every model; and what to do'),
  )
    .option('-m, --model <id...>', 'only these: models, or those in a mixture or the router')
    .option('--no-calls', 'ask no model anything: nothing costs')
    .option('--timeout <seconds>', 'for each question to a model', secondsOf, 30)
    .option('--json', 'as one JSON object')
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./doctor/doctor.ts')
      root.exitCode = await doctor(options, { ...root, env: process.env, node: process.versions.node })
    })
}

/** Where the gateway listens, or would. */
function withAddress(command: Command): Command {
  return withConfig(command)
    .option('-p, --port <n>', 'port to listen on', portOf)
    .option('--host <host>', 'address to listen on')
    .option('--insecure-no-auth', 'let other machines ask without a key')
}

function withQuestion(command: Command): Command {
  return withConfig(command)
    .argument('<question>', 'the question, or - to read it from stdin')
    .option('-m, --model <id>', 'router, a mixture or a single model', 'router')
}

function readQuestion(written: string): string {
  return written === '-' ? readFileSync(process.stdin.fd, 'utf8') : written
}

async function withCatalog(config: string | undefined, use: (catalog: Catalog) => void | Promise<void>): Promise<void> {
  const [{ createCatalog }, { createEngines }] = await Promise.all([
    import('../catalog/create-catalog.ts'),
    import('../catalog/engines.ts'),
  ])
  const engines = createEngines()
  try {
    const opened = await openConfig(config, process.env)
    await use(createCatalog(opened.config, engines))
  } finally {
    await engines.close()
  }
}

function withConfig(command: Command): Command {
  return command.option('-c, --config <file>', 'config file (default: mollmr.yaml or config.yaml in this folder)')
}

function portOf(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new InvalidArgumentError('A port is a whole number from 0 to 65535.')
}

function secondsOf(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= 3600) return seconds
  throw new InvalidArgumentError('A time is a number of seconds, up to 3600.')
}

/** Who reads the output may have enough of it, as `head` has: that is no crash. */
function allowClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

/** The first signal asks for an orderly end, the second ends at once. */
function stopOnSignals(stop: AbortController): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(exitCodes.interrupted)
      stop.abort(new CancelledError())
    })
  }
}

/** After an error that nobody caught nothing is sure any more: what runs may end, then the process does, for a fresh one. */
function stopOnCrash(stop: AbortController, terminal: Terminal): { readonly happened: boolean } {
  const crash = { happened: false }
  process.on('uncaughtException', (error: unknown, origin) => {
    terminal.err(
      `${terminal.style.red(origin)} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    crash.happened = true
    if (!stop.signal.aborted) stop.abort(new CancelledError())
  })
  return crash
}

function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (error instanceof CancelledError) return exitCodes.interrupted
  terminal.err(`${terminal.style.red('error')} ${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof ConfigError) return exitCodes.config
  if (!isMollmrError(error) && error instanceof Error && !('code' in error)) terminal.err(`${error.stack ?? ''}\n`)
  return exitCodes.failure
}

function readVersion(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string }
  return version
}
