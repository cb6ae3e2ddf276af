import { describe, expect, it } from 'vitest'
import type { Gateway } from './client.ts'
import { type ClientName, clientNames, clients } from './clients.ts'
import { mergeSettings, settingsText } from './settings-text.ts'

const gateway: Gateway = {
  url: 'http://127.0.0.1:8000',
  model: { id: 'router', contextWindow: 128_000 },
  models: [{ id: 'router', contextWindow: 128_000 }, { id: 'generic' }],
  sideModel: 'small',
}

function merged(name: ClientName, text: string): string {
  const client = clients[name]
  return mergeSettings(text, { ...client, settings: client.settings(gateway) })
}

describe('settings in a file that its user has written', () => {
  it('are TOML beside tables, comments and values that stay', () => {
    const written = `# mine
model = "gpt-5" # the best
approval_policy = "never"

[projects."/home/me"]
trust_level = "trusted" # yes

[model_providers.other]
name = "O"
`
    expect(merged('codex', written)).toBe(`# mine
model = "router" # the best
approval_policy = "never"
model_provider = "mollmr"
model_context_window = 128000

[projects."/home/me"]
trust_level = "trusted" # yes

[model_providers.other]
name = "O"

[model_providers.mollmr]
name = "MoLLMR"
base_url = "http://127.0.0.1:8000/v1"
env_key = "MOLLMR_API_KEY"
wire_api = "responses"
`)
  })

  it('are TOML in a table that is written in one line, and in a section of ours from before', () => {
    expect(merged('codex', 'model_providers = { other = { name = "O" } }\n')).toMatch(
      /^model_providers = \{ other = \{ name = "O" \}, mollmr = \{ name = "MoLLMR", .*\} \}\n/,
    )
    const before = settingsText(clients.codex, { ...gateway, url: 'http://old:1' })
    expect(merged('codex', before)).toBe(settingsText(clients.codex, gateway))
  })

  it('are JSON beside keys and comments that stay', () => {
    const written = `{
    // colours
    "theme": "dark",
    "env": { "HTTPS_PROXY": "http://proxy:1" }, // the office
}
`
    const text = merged('claude', written)
    expect(text).toContain('    // colours\n    "theme": "dark",\n')
    expect(text).toContain('"HTTPS_PROXY": "http://proxy:1",\n')
    expect(text).toContain('"ANTHROPIC_BASE_URL": "http://127.0.0.1:8000",\n')
    expect(text).toContain('// the office')
  })

  it('are YAML whose lists get ours in front, each once, and keep their comments', () => {
    const written = `name: Mine # me
models:
  # the best
  - name: Best
    model: best
  - name: MoLLMR generic
    model: old
    roles: [chat]
`
    const text = merged('continue', written)
    expect(text).toContain('name: Mine # me\n')
    expect(text).toContain('  # the best\n  - name: Best\n    model: best\n')
    expect(text.match(/name: MoLLMR \w+/g)).toEqual(['name: MoLLMR router', 'name: MoLLMR generic'])
    expect(text.indexOf('MoLLMR router')).toBeLessThan(text.indexOf('Best'))
    expect(text).not.toContain('model: old')
  })

  it('are lines of an env file', () => {
    const written = '# chat\nexport OPENAI_API_KEY=sk-mine\nWEBUI_NAME=Ours\n'
    expect(merged('open-webui', written)).toBe(`# chat
OPENAI_API_KEY=\${MOLLMR_API_KEY}
WEBUI_NAME=Ours
OPENAI_API_BASE_URL=http://127.0.0.1:8000/v1
DEFAULT_MODELS=router
TASK_MODEL_EXTERNAL=small
`)
  })

  it('are refused a file that is of no such format', () => {
    expect(() => merged('codex', 'model = = 1')).toThrow('Unrecognized token')
    expect(() => merged('claude', '{\n"a": }')).toThrow('ValueExpected in line 2')
    expect(() => merged('continue', 'a: [')).toThrow()
  })
})

describe.each(clientNames)('the settings of %s', (name) => {
  it('hold once they are written: a second time changes nothing', () => {
    const text = settingsText(clients[name], gateway)
    expect(merged(name, text)).toBe(text)
    expect(text).toContain('http://127.0.0.1:8000')
    expect(text).toContain('router')
  })

  it('can be written for a gateway of which no window and no side model is known', () => {
    const model = { id: 'generic' }
    const text = settingsText(clients[name], { url: 'https://models.example.org', model, models: [model] })
    expect(text).toContain('https://models.example.org')
    expect(text).not.toMatch(/undefined|null|NaN|128000|small/)
  })
})
