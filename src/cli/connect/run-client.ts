import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { ConfigError } from '../../chat/errors.ts'
import { type Client, type Gateway, keyReference, keyVariable, type Launch } from './client.ts'
import { settingsText } from './settings-text.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Run {
  readonly gateway: Gateway
  readonly key: string
  /** Said behind what points the client at the gateway. */
  readonly words: readonly string[]
  readonly env: Environment
  /** Tells the client to end. */
  readonly stop: AbortSignal
}

/** Runs the client on the settings for the gateway; its own file is left alone. Resolves to its exit code. @throws ConfigError where it is not installed */
export async function runClient(client: Client, { gateway, key, words, env, stop }: Run): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'mollmr-connect-'))
  try {
    const path = join(folder, basename(client.file.name))
    writeFileSync(path, settingsText(client, gateway))
    const launch = withKey(launchOf(client, gateway, path), key)
    return await play(client, { launch: { ...launch, words: [...launch.words, ...words] }, env, stop })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @throws ConfigError where the client cannot be started without its file */
function launchOf(client: Client, gateway: Gateway, path: string): Launch {
  const { title, file, frame, run } = client
  if (run) return run({ ...frame, ...client.settings(gateway) }, path)
  const message = `${title} reads its models from ${file.folder}/${file.name} alone: use --write, then start it as that says.`
  throw new ConfigError(message)
}

/** The launch with the key where it is referred to, and in its variable. */
function withKey({ words, env }: Launch, key: string): Launch {
  const filled = Object.entries(env).map(([name, value]) => [name, value.replaceAll(keyReference, key)] as const)
  return { words, env: { [keyVariable]: key, ...Object.fromEntries(filled) } }
}

function play(
  { command, title, install }: Client,
  { launch, env, stop }: Pick<Run, 'env' | 'stop'> & { readonly launch: Launch },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, launch.words, { stdio: 'inherit', env: { ...env, ...launch.env } })
    const end = (): void => {
      child.kill('SIGTERM')
    }
    stop.addEventListener('abort', end, { once: true })
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const missing = `${title} is not installed: there is no "${command}". Install it: ${install}`
      reject(cause.code === 'ENOENT' ? new ConfigError(missing, { cause }) : cause)
    })
    child.once('exit', (code) => {
      stop.removeEventListener('abort', end)
      resolve(code ?? 1)
    })
  })
}
