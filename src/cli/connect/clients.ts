/** Every client that `mollmr connect` knows. `npm run test:clients` starts programs on exactly these settings. */
import { type Client, type Gateway, keyReference, keyVariable, type OfferedModel, type Settings } from './client.ts'
import { tomlValue } from './edit-toml.ts'
import { leavesOf, wordOf } from './settings-changes.ts'

const codex: Client = {
  title: 'Codex CLI',
  command: 'codex',
  install: 'npm install -g @openai/codex',
  file: { folder: '~/.codex', variable: 'CODEX_HOME', name: 'config.toml', format: 'toml' },
  settings: ({ url, model }) => ({
    model: model.id,
    model_provider: 'mollmr',
    ...known('model_context_window', model.contextWindow),
    model_providers: {
      mollmr: { name: 'MoLLMR', base_url: `${url}/v1`, env_key: keyVariable, wire_api: 'responses' },
    },
  }),
  run: (settings) => ({
    words: leavesOf(settings).flatMap(([path, value]) => ['-c', `${path.join('.')}=${tomlValue(value)}`]),
    env: {},
  }),
}

/** Its ids must not begin with "claude-": of those it believes that it knows the window. */
const claude: Client = {
  title: 'Claude Code',
  command: 'claude',
  install: 'npm install -g @anthropic-ai/claude-code',
  file: { folder: '~/.claude', variable: 'CLAUDE_CONFIG_DIR', name: 'settings.json', format: 'json' },
  settings: ({ url, model, sideModel = model.id }) => ({
    apiKeyHelper: `printenv ${keyVariable}`,
    env: {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_MODEL: model.id,
      ANTHROPIC_DEFAULT_OPUS_MODEL: model.id,
      ANTHROPIC_DEFAULT_SONNET_MODEL: model.id,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: sideModel,
      ...known('CLAUDE_CODE_MAX_CONTEXT_TOKENS', model.contextWindow?.toString()),
      CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1',
    },
  }),
  run: (settings) => ({ words: ['--settings', JSON.stringify(settings)], env: {} }),
}

/** It wants to know the longest answer where it knows the window; this much it asks for at most, whatever is said. */
const opencodeOutputTokens = 32_000

const opencode: Client = {
  title: 'opencode',
  command: 'opencode',
  install: 'npm install -g opencode-ai',
  file: { folder: '~/.config', variable: 'XDG_CONFIG_HOME', name: 'opencode/opencode.json', format: 'json' },
  frame: { $schema: 'https://opencode.ai/config.json' },
  settings: (gateway) => ({
    model: `mollmr/${gateway.model.id}`,
    ...known('small_model', gateway.sideModel && `mollmr/${gateway.sideModel}`),
    provider: {
      mollmr: {
        npm: '@ai-sdk/openai-compatible',
        name: 'MoLLMR',
        options: { baseURL: `${gateway.url}/v1`, apiKey: `{env:${keyVariable}}` },
        models: Object.fromEntries(withSideModel(gateway).map((model) => [model.id, opencodeModel(model)])),
      },
    },
  }),
  run: (settings) => ({ words: [], env: { OPENCODE_CONFIG_CONTENT: JSON.stringify(settings) } }),
}

function opencodeModel({ id, contextWindow: context }: OfferedModel): Settings {
  if (context === undefined) return { name: id }
  return { name: id, limit: { context, output: Math.min(opencodeOutputTokens, Math.floor(context / 4)) } }
}

const continueCli: Client = {
  title: 'Continue',
  command: 'cn',
  install: 'npm install -g @continuedev/cli',
  file: { folder: '~/.continue', variable: 'CONTINUE_GLOBAL_DIR', name: 'config.yaml', format: 'yaml' },
  frame: { name: 'Local', version: '1.0.0', schema: 'v1' },
  settings: ({ url, models }) => ({
    models: models.map(({ id, contextWindow }) => ({
      name: `MoLLMR ${id}`,
      provider: 'openai',
      model: id,
      apiBase: `${url}/v1`,
      apiKey: `\${{ secrets.${keyVariable} }}`,
      roles: ['chat', 'edit', 'apply'],
      capabilities: ['tool_use'],
      ...(contextWindow === undefined ? {} : { defaultCompletionOptions: { contextLength: contextWindow } }),
    })),
  }),
  run: (_settings, path) => ({ words: ['--config', path], env: {} }),
  note:
    'Where cn asks for a key of Anthropic at its first start, say once: cn --config ~/.continue/config.yaml. ' +
    `The extensions in editors read ${keyVariable} from ~/.continue/.env.`,
}

const qwen: Client = {
  title: 'Qwen Code',
  command: 'qwen',
  install: 'npm install -g @qwen-code/qwen-code',
  file: { folder: '~/.qwen', variable: 'QWEN_HOME', name: 'settings.json', format: 'json' },
  settings: (gateway) => ({
    modelProviders: {
      openai: withSideModel(gateway).map(({ id, contextWindow }) => ({
        id,
        name: `MoLLMR ${id}`,
        baseUrl: `${gateway.url}/v1`,
        envKey: keyVariable,
        ...(contextWindow === undefined ? {} : { generationConfig: { contextWindowSize: contextWindow } }),
      })),
    },
    security: { auth: { selectedType: 'openai' } },
    model: { name: gateway.model.id },
    ...known('fastModel', gateway.sideModel),
  }),
  run: (_settings, path) => ({ words: [], env: { QWEN_CODE_SYSTEM_SETTINGS_PATH: path } }),
}

const pi: Client = {
  title: 'pi',
  command: 'pi',
  install: 'npm install -g @mariozechner/pi-coding-agent',
  file: { folder: '~/.pi/agent', variable: 'PI_CODING_AGENT_DIR', name: 'models.json', format: 'json' },
  settings: ({ url, models }) => ({
    providers: {
      mollmr: {
        baseUrl: `${url}/v1`,
        api: 'openai-completions',
        apiKey: keyVariable,
        models: models.map(({ id, contextWindow }) => ({ id, ...known('contextWindow', contextWindow) })),
      },
    },
  }),
  start: ({ model }) => ({ words: ['--provider', 'mollmr', '--model', model.id], env: {} }),
}

/** It asks OpenAI's servers, or who stands in for them, for a model behind "openai/". */
const aider: Client = {
  title: 'aider',
  command: 'aider',
  install: 'python -m pip install aider-chat',
  file: { folder: '~', name: '.aider.conf.yml', format: 'yaml' },
  settings: ({ url, model, sideModel }) => ({
    'openai-api-base': `${url}/v1`,
    model: `openai/${model.id}`,
    ...known('weak-model', sideModel && `openai/${sideModel}`),
  }),
  start: () => ({ words: [], env: { OPENAI_API_KEY: keyReference } }),
  run: (settings) => ({
    words: leavesOf(settings).map(([path, value]) => `--${path.join('.')}=${wordOf(value)}`),
    env: { OPENAI_API_KEY: keyReference },
  }),
}

const openWebUi: Client = {
  title: 'Open WebUI',
  command: 'open-webui',
  install: 'pip install open-webui',
  file: { folder: '.', name: 'open-webui.env', format: 'env' },
  settings: ({ url, model, sideModel }) => ({
    OPENAI_API_BASE_URL: `${url}/v1`,
    OPENAI_API_KEY: keyReference,
    DEFAULT_MODELS: model.id,
    ...known('TASK_MODEL_EXTERNAL', sideModel),
  }),
  load: 'set -a; . ./open-webui.env; set +a',
  start: () => ({ words: ['serve'], env: {} }),
  run: (settings) => ({ words: ['serve'], env: settings as Readonly<Record<string, string>> }),
  note:
    'It remembers these after its first start; later its admin panel counts, or ENABLE_PERSISTENT_CONFIG=false. ' +
    'From a container the gateway is http://host.docker.internal, and has to listen on 0.0.0.0, with keys. ' +
    'It offers its own tools in every chat, so workers advise an aggregate that may act; with ' +
    'DEFAULT_MODEL_METADATA=\'{"capabilities":{"builtin_tools":false}}\' they write whole drafts.',
}

export const clients = { codex, claude, opencode, continue: continueCli, qwen, pi, aider, 'open-webui': openWebUi }
export type ClientName = keyof typeof clients
export const clientNames = Object.keys(clients) as readonly ClientName[]

function withSideModel({ models, sideModel }: Gateway): readonly OfferedModel[] {
  if (sideModel === undefined || models.some(({ id }) => id === sideModel)) return models
  return [...models, { id: sideModel }]
}

/** The setting where its value is known; else nothing. */
function known<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [name in Name]: Value } | Record<string, never> {
  return value === undefined ? {} : ({ [name]: value } as { readonly [name in Name]: Value })
}
