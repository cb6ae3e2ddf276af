/** Clients with a window or an account of their own, which cannot run here: what they send is sent again. */
import { expect } from 'vitest'
import type { ChatBody, ChatMessage } from '../../src/chat/chat-request.ts'
import { saying } from '../../src/testing/fake-upstream.ts'
import { realRequests, sideRequests } from '../recorded/published-side-requests.ts'
import { type Asked, describeClient, type Feature } from './harness/describe-client.ts'
import { answerText, defaultWriter } from './harness/scripted-upstream.ts'
import { sendChat } from './harness/send-chat.ts'

type Shape = (prompt: string) => Omit<ChatBody, 'model'> & { readonly messages: readonly ChatMessage[] }

interface ReplayedClient {
  readonly headers?: Readonly<Record<string, string>>
  readonly chat: Shape
  /** True where it reads the list of models first. */
  readonly listsModels?: boolean
}

const user = (content: string): ChatMessage => ({ role: 'user', content })
const system = (content: string): ChatMessage => ({ role: 'system', content })
const parts = (...texts: string[]): ChatMessage => ({
  role: 'user',
  content: texts.map((text) => ({ type: 'text', text })),
})

const clients: Readonly<Record<string, ReplayedClient>> = {
  'Open WebUI': {
    headers: {
      'x-openwebui-user-name': 'Ada',
      'x-openwebui-user-role': 'user',
      'x-openwebui-chat-id': '5d0c2c7e-2a5b-4a52-9f0e-1f2f7a7f0001',
    },
    listsModels: true,
    chat: (prompt) => ({ stream: true, messages: [user(prompt)], stream_options: { include_usage: true } }),
  },
  LibreChat: {
    listsModels: true,
    chat: (prompt) => ({ stream: true, user: '65f0c0ffee', messages: [system('Be brief.'), user(prompt)] }),
  },
  'Cline and Roo (VS Code)': {
    chat: (prompt) => ({
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      messages: [
        system('You are Cline, a highly skilled software engineer.'),
        parts(`<task>\n${prompt}\n</task>`, '<environment_details>\n# Current Mode\nACT MODE\n</environment_details>'),
        user('[ERROR] You did not use a tool in your previous response!'),
      ],
    }),
  },
  aider: {
    chat: (prompt) => ({
      stream: true,
      temperature: 0,
      messages: [
        system('Act as an expert software developer.'),
        user('I want you to act on these files.'),
        { role: 'assistant', content: 'Ok.' },
        user(prompt),
      ],
    }),
  },
  LlamaIndex: {
    chat: (prompt) => ({ stream: false, temperature: 0.1, top_p: 1, messages: [user(prompt)] }),
  },
  Cursor: {
    chat: (prompt) => ({
      stream: true,
      temperature: 0,
      user: 'auth0|user_1',
      messages: [system('You are a powerful agentic AI coding assistant.'), parts(prompt)],
    }),
  },
  'LobeChat, Jan, Zed and other pages': {
    headers: { origin: 'http://localhost:3210' },
    listsModels: true,
    chat: (prompt) => ({
      stream: true,
      stream_options: { include_usage: true },
      temperature: 1,
      top_p: 1,
      frequency_penalty: 0,
      presence_penalty: 0,
      messages: [user(prompt)],
    }),
  },
}

for (const [name, client] of Object.entries(clients)) {
  describeClient(`${name} (replayed)`, (feature) => {
    if (client.listsModels === true) describeList(feature, client)
    feature('a chat', async (asked) => {
      const body = { ...client.chat(asked.prompt), model: asked.model }
      expect(await ask(asked, body, client.headers)).toBe(answerText)
    })
    describeSideRequests(feature, name)
    if (name.startsWith('Cline')) describeCline(feature, client)
  })
}

describeClient('opencode, qwen-code and others (replayed)', (feature) => {
  const others = new Set(sideRequests.map(({ client }) => client).filter((client) => !(client in clients)))
  for (const client of others) describeSideRequests(feature, client)
})

function ask({ baseUrl }: Asked, body: ChatBody, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return sendChat({ url: `${baseUrl}/chat/completions`, body, headers })
}

function describeList(feature: Feature, { headers = {} }: ReplayedClient): void {
  feature(
    'the list of models',
    async ({ baseUrl, model }) => {
      const response = await fetch(`${baseUrl}/models`, { headers: { authorization: 'Bearer any', ...headers } })
      if ('origin' in headers) expect(response.headers.get('access-control-allow-origin')).toBe(headers['origin'])
      const { data } = (await response.json()) as { data: { id: string; name?: string }[] }
      expect(data.map(({ id }) => id)).toContain(`mollmr/${model.replace('mollmr/', '')}`)
    },
    { asks: [] },
  )
}

/** What a client sends beside the chat is answered by the side model, and what only looks so is not. */
function describeSideRequests(feature: Feature, client: string): void {
  for (const recorded of sideRequests.filter((each) => each.client === client)) {
    // The shape alone says nothing against a mixture that is named.
    const byName = recorded.evidence.startsWith('shape:') ? ['worker-a', 'worker-b', 'worker-c', 'aggregate'] : ['side']
    feature(
      `beside the chat: ${recorded.purpose}`,
      async (asked) => {
        await ask(asked, { ...recorded.body, model: asked.model }, recorded.headers)
      },
      { asks: { bypass: ['single'], mixture: byName, router: ['side'] } },
    )
  }
  for (const recorded of realRequests.filter((each) => each.client === client)) {
    feature(`no side request: ${recorded.purpose}`, async (asked) => {
      const messages = withEnding(recorded.body.messages, asked.prompt)
      await ask(asked, { ...recorded.body, messages, model: asked.model }, recorded.headers)
    })
  }
}

/** With words behind the last message that nobody else says, so that no draft and no route of another is used again. */
function withEnding(messages: readonly ChatMessage[], words: string): readonly ChatMessage[] {
  const last = messages.at(-1)
  if (typeof last?.content !== 'string') throw new Error('The last message is no text.')
  return [...messages.slice(0, -1), { ...last, content: `${last.content}\n\n${words}` }]
}

function describeCline(feature: Feature, { chat }: ReplayedClient): void {
  feature(
    'an aggregate that says nothing',
    async (asked) => {
      asked.upstream.writer = () => saying('')
      expect(await ask(asked, { ...chat(asked.prompt), model: asked.model })).toMatch(/^The draft of worker-/)
    },
    { only: 'mixture' },
  )

  feature(
    'asks again without a pause',
    async (asked) => {
      asked.upstream.writer = defaultWriter
      const body = { ...chat(asked.prompt), model: asked.model }
      const answers: string[] = []
      let refusal: unknown
      while (refusal === undefined && answers.length < 200)
        await ask(asked, body).then(
          (text) => answers.push(text),
          (error: unknown) => (refusal = error),
        )
      expect(answers.length).toBeLessThan(150)
      expect(String(refusal)).toMatch(/429.*request_loop/)
    },
    { only: 'router', asks: ['chooser', 'worker-a', 'worker-b', 'worker-c', 'aggregate', 'side'] },
  )
}
