import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runConfig } from '../../testing/run-config.ts'
import { clientNames, clients } from './clients.ts'
import { connect, type ConnectOptions } from './connect.ts'

const text = `
upstreams: { up: { kind: simulated } }
models: [{ id: a, upstream: up }]
mixtures: [{ name: generic, description: "All.", workers: [a, a], aggregate: a }]
router: { default: generic, side_model: a }
`
const key = 'secret-0123456789abcdef'

let folder: string
let config: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-connect-test-'))
  config = join(folder, 'mollmr.yaml')
  writeFileSync(config, text)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Told {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function connected(
  name: string | undefined,
  options: Partial<ConnectOptions> = {},
  env: Record<string, string> = {},
): Promise<Told> {
  const told = { out: '', err: '' }
  const style = { bold: String, dim: String, red: String, green: String, yellow: String }
  const terminal = {
    out: (said: string) => (told.out += said),
    err: (said: string) => (told.err += said),
    isLive: false,
    style,
    outStyle: style,
  }
  const { signal } = new AbortController()
  const places = { home: join(folder, 'home'), folder, env: { MOLLMR_API_KEY: key, ...env } }
  const code = await connect(name, { config, words: [], ...options }, { terminal, stop: signal, ...places })
  return { code, ...told }
}

describe('mollmr connect', () => {
  it('lists the clients', async () => {
    const { out } = await connected(undefined)
    expect(out.split('\n').filter(Boolean)).toHaveLength(clientNames.length)
    expect(out).toContain('codex       Codex CLI, ~/.codex/config.toml\n')
  })

  it.each(clientNames)('prints the settings of %s alone on stdout, and never the key', async (name) => {
    const { code, out, err } = await connected(name)
    expect(code).toBe(0)
    expect(out).toContain('http://127.0.0.1:8000')
    expect(err).toContain(clients[name].command)
    expect(err).toContain('export MOLLMR_API_KEY=any-key # this gateway asks for none')
    expect(out + err).not.toContain(key)
    expect(existsSync(join(folder, 'home'))).toBe(false)
  })

  it('says that a key is needed where the gateway asks for one', async () => {
    writeFileSync(config, `${text}keys: [{ name: a, key: ${key} }]\n`)
    const { out, err } = await connected('codex')
    expect(err).toContain('export MOLLMR_API_KEY=... # a key of the gateway')
    expect(out + err).not.toContain(key)
  })

  it('points at the port of the config, and at this machine where it listens on every address', async () => {
    writeFileSync(config, `${text}server: { host: 0.0.0.0, port: 9123 }\n`)
    expect((await connected('codex')).out).toContain('base_url = "http://127.0.0.1:9123/v1"')
    expect((await connected('codex', { url: 'https://llm.example.org/v1' })).out).toContain(
      '"https://llm.example.org/v1"',
    )
  })

  it('knows no other client', async () => {
    await expect(connected('cluade')).rejects.toThrow('There is no client "cluade". Did you mean "claude"?')
  })

  it('says what starts the client, where its command alone does not', async () => {
    expect((await connected('pi')).err).toContain('  pi --provider mollmr --model router\n')
    expect((await connected('aider')).err).toContain('  OPENAI_API_KEY="$MOLLMR_API_KEY" aider\n')
    expect((await connected('open-webui')).err).toContain('  set -a; . ./open-webui.env; set +a\n  open-webui serve\n')
  })
})

describe('mollmr connect --write', () => {
  it.each(clientNames)('writes what it prints for %s, and nothing the second time', async (name) => {
    const { out } = await connected(name)
    const written = await connected(name, { write: true })
    const [, path = ''] = /^Written to (.*)\n$/.exec(written.out) ?? []
    expect(readFileSync(path, 'utf8')).toBe(out)
    const again = await connected(name, { write: true })
    expect(again.out).toBe(`${path} says so already.\n`)
    expect(readdirSync(join(path, '..')).filter((each) => each.includes('.bak'))).toEqual([])
  })

  it('keeps every file as it was before', async () => {
    const codex = join(folder, 'codex-home')
    mkdirSync(codex)
    const path = join(codex, 'config.toml')
    writeFileSync(path, 'approval_policy = "never"\n')
    const env = { CODEX_HOME: codex }
    const first = await connected('codex', { write: true }, env)
    expect(first.out).toBe(`Written to ${path}, as it was before in ${path}.bak\n`)
    const between = readFileSync(path, 'utf8')
    await connected('codex', { write: true, model: 'generic' }, env)
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe('approval_policy = "never"\n')
    expect(readFileSync(`${path}.bak2`, 'utf8')).toBe(between)
    expect(readFileSync(path, 'utf8')).toMatch(/^approval_policy = "never"\nmodel = "generic"\n/)
  })

  it('leaves a file alone that it cannot read', async () => {
    const path = join(folder, 'home/.claude/settings.json')
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, '{ "env": }')
    await expect(connected('claude', { write: true })).rejects.toThrow(`${path} cannot be read as JSON`)
    expect(readFileSync(path, 'utf8')).toBe('{ "env": }')
  })
})

describe('mollmr connect --run', () => {
  /** A program in the client's name that writes down how it was started, and ends with 7. */
  function install(command: string): Readonly<Record<string, string>> {
    const path = join(folder, command)
    const program = `#!${process.execPath}
const { readFileSync, writeFileSync } = require('node:fs')
const words = process.argv.slice(2)
const path = process.env.QWEN_CODE_SYSTEM_SETTINGS_PATH ?? words[words.indexOf('--config') + 1]
const file = path && path.startsWith('/') ? readFileSync(path, 'utf8') : null
writeFileSync(${JSON.stringify(join(folder, 'started.json'))}, JSON.stringify({ words, env: process.env, file, path }))
process.exit(7)
`
    writeFileSync(path, program)
    chmodSync(path, 0o755)
    return { PATH: folder }
  }

  interface Started {
    readonly words: readonly string[]
    readonly env: Readonly<Record<string, string>>
    readonly file: string | null
    readonly path?: string
  }

  async function started(name: (typeof clientNames)[number], words: readonly string[] = []): Promise<Started> {
    const gateway = await runConfig(text)
    const env = install(clients[name].command)
    try {
      const { code } = await connected(name, { url: gateway.url, run: true, words }, env)
      expect(code).toBe(7)
    } finally {
      await gateway.close()
    }
    return JSON.parse(readFileSync(join(folder, 'started.json'), 'utf8')) as Started
  }

  it('starts the client on the settings, with the key, and ends as it ends', async () => {
    const { words, env } = await started('codex', ['exec', 'Say hi'])
    expect(words.slice(0, 4)).toEqual(['-c', 'model="router"', '-c', 'model_provider="mollmr"'])
    expect(words).toContain('model_providers.mollmr.env_key="MOLLMR_API_KEY"')
    expect(words.slice(-2)).toEqual(['exec', 'Say hi'])
    expect(words.join(' ')).not.toContain(key)
    expect(env['MOLLMR_API_KEY']).toBe(key)
    expect(existsSync(join(folder, 'home'))).toBe(false)
  })

  it('hands settings over as a word, in a variable, or in a file that is gone afterwards', async () => {
    const claude = await started('claude')
    expect(JSON.parse(claude.words[1] ?? '')).toMatchObject({ env: { ANTHROPIC_MODEL: 'router' } })
    const opencode = await started('opencode')
    expect(JSON.parse(opencode.env['OPENCODE_CONFIG_CONTENT'] ?? '')).toMatchObject({ model: 'mollmr/router' })
    const openWebUi = await started('open-webui')
    expect(openWebUi).toMatchObject({ words: ['serve'], env: { OPENAI_API_KEY: key, TASK_MODEL_EXTERNAL: 'a' } })
    for (const name of ['continue', 'qwen'] as const) {
      const { file, path = '' } = await started(name)
      expect(file).toContain('router')
      expect(existsSync(path)).toBe(false)
    }
  })

  it('says what is missing: the client, the gateway, a key, a way', async () => {
    const gateway = await runConfig(text)
    const run = { run: true, url: gateway.url }
    await expect(connected('qwen', run, { PATH: folder })).rejects.toThrow(
      'Qwen Code is not installed: there is no "qwen". Install it: npm install -g @qwen-code/qwen-code',
    )
    await expect(connected('pi', run)).rejects.toThrow('pi reads its models from ~/.pi/agent/models.json alone')
    await gateway.close()
    await expect(connected('codex', run)).rejects.toThrow(`No gateway answers at ${gateway.url}`)
    writeFileSync(config, `${text}keys: [{ name: a, key: ${key} }]\n`)
    await expect(connected('codex', { run: true }, { MOLLMR_API_KEY: '' })).rejects.toThrow('set MOLLMR_API_KEY')
    await expect(connected('codex', { words: ['exec'] })).rejects.toThrow('that takes --run')
  })
})
