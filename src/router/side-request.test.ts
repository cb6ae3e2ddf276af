import { describe, expect, it } from 'vitest'
import { realRequests, sideRequests } from '../../test/recorded/published-side-requests.ts'
import { type ChatBody, type ChatMessage, type ChatRequest, createChatRequest } from '../chat/chat-request.ts'
import { sideEvidenceOf } from './side-request.ts'

const request = (body: Partial<ChatBody>, headers: Record<string, string> = {}): ChatRequest =>
  createChatRequest({ model: 'router', messages: [], ...body }, { caller: { headers } })
const user = (content: string): ChatMessage => ({ role: 'user', content })
const tool = (name: string) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} } },
})

const claudeCodeTitle = `You are Claude Code, Anthropic's official CLI for Claude.

You are naming a coding session so the user can pick it out of a long list of sessions.`

const codexTitle = `Generate a concise, single-line task title of at most 36 characters and under five words where possible.

User prompt:
Fix the build`

const aiderCommit = `You are an expert software engineer that generates concise, one-line Git commit messages based on the provided diffs.
Review the provided context and diffs which are about to be committed to a git repo.`

describe('what says outright that it is a side request', () => {
  it.each(['title', 'tags', 'title_generation', 'follow_up_generation', 'query_generation', 'memory', 'side'])(
    'is the header x-mollmr-task: %s',
    (task) => {
      expect(sideEvidenceOf(request({ messages: [user('Hi')] }, { 'x-mollmr-task': task }))).toBe(`explicit:${task}`)
    },
  )

  it('is not a header without a value, or with a task of another kind', () => {
    for (const task of ['', '{{TASK}}', 'moa_response_generation', 'function_calling']) {
      expect(sideEvidenceOf(request({ messages: [user('Hi')] }, { 'x-openwebui-task': task }))).toBeUndefined()
    }
  })

  it("is not somebody's own metadata", () => {
    const body = { messages: [user('Hi')], metadata: { task: 'review of contract 12' } }
    expect(sideEvidenceOf(request(body))).toBeUndefined()
    expect(sideEvidenceOf(request({ messages: [user('Hi')], metadata: { task: 7 } }))).toBeUndefined()
  })

  it('can say the opposite: a task "chat" is believed against every sign', () => {
    const body = { ...sideRequests[0]?.body, max_tokens: 8 }
    expect(sideEvidenceOf(request(body, { 'x-mollmr-task': 'chat' }))).toBeUndefined()
  })
})

describe('a side request', () => {
  it.each(sideRequests.map((recorded) => [`${recorded.client}: ${recorded.purpose}`, recorded] as const))(
    'is recognised: %s',
    (_, { body, headers, evidence }) => {
      expect(sideEvidenceOf(request(body, headers))).toBe(evidence)
    },
  )

  it('Claude Code asks for a title', () => {
    const messages = [{ role: 'system', content: claudeCodeTitle }, user('<session>\nFix the build\n</session>')]
    expect(sideEvidenceOf(request({ messages, tools: [] }))).toBe('signature:claude-code-title')
  })

  it('Codex asks for a title, which a header tells', () => {
    const messages = [{ role: 'developer', content: 'You are a coding agent.' }, user(codexTitle)]
    const metadata = JSON.stringify({ request_kind: 'turn', thread_source: 'thread_title' })
    const evidence = sideEvidenceOf(request({ messages }, { 'x-codex-turn-metadata': metadata }))
    expect(evidence).toBe('signature:codex-title')
  })

  it('aider asks for a commit message', () => {
    const messages = [{ role: 'system', content: aiderCommit }, user('# Diffs:\n+changed')]
    expect(sideEvidenceOf(request({ messages }))).toBe('signature:aider-commit')
  })

  it('is found in content that comes in parts', () => {
    const [{ body } = { body: { messages: [] } }] = sideRequests
    const text = body.messages[0]?.content
    const messages = [{ role: 'user', content: [{ type: 'text', text }] }] as ChatMessage[]
    expect(sideEvidenceOf(request({ messages }))).toBe('signature:open-webui-task')
  })

  it('is an answer of few tokens behind a system message too', () => {
    const messages = [{ role: 'system', content: 'Be brief.' }, user('Hi')]
    expect(sideEvidenceOf(request({ messages, max_completion_tokens: 10 }))).toBe('shape:tiny-output')
  })
})

describe('what must not be caught', () => {
  it.each(realRequests.map((recorded) => [`${recorded.client}: ${recorded.purpose}`, recorded] as const))(
    '%s',
    (_, { body, headers }) => {
      expect(sideEvidenceOf(request(body, headers))).toBeUndefined()
    },
  )

  const cases: readonly (readonly [string, Partial<ChatBody>])[] = [
    [
      'Claude Code that is asked about its own prompt',
      {
        messages: [
          { role: 'system', content: "You are Claude Code, Anthropic's official CLI for Claude.\n\nYou are an agent." },
          user(claudeCodeTitle),
        ],
        tools: [tool('Bash')],
      },
    ],
    [
      'a program that names sessions by the schema that Claude Code uses',
      {
        messages: [user('<session>\nFix the build\n</session>\n\nWrite the title.')],
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'a', schema: { type: 'object', properties: { title: { type: 'string' } } } },
        },
      },
    ],
    ['the words of Codex without its header', { messages: [user(codexTitle)] }],
    [
      'a user who wants a commit message',
      {
        messages: [
          { role: 'system', content: 'Act as an expert software developer.' },
          user('Write a one-line Git commit message.'),
        ],
      },
    ],
    ['a user who quotes aider', { messages: [user(`${aiderCommit}\n\nImprove this prompt.`)] }],
    ['no messages at all', { messages: [] }],
  ]

  it.each(cases)('%s', (_, body) => {
    expect(sideEvidenceOf(request(body))).toBeUndefined()
  })

  it('a turn of Codex itself, and one with tools whatever its header says', () => {
    const of = (thread_source: string): Record<string, string> => ({
      'x-codex-turn-metadata': JSON.stringify({ thread_source, note: '"thread_source":"thread_title"' }),
    })
    const messages = [user(codexTitle)]
    expect(sideEvidenceOf(request({ messages }, of('user')))).toBeUndefined()
    expect(sideEvidenceOf(request({ messages, tools: [tool('exec_command')] }, of('thread_title')))).toBeUndefined()
  })
})
