import { describe, expect, it } from 'vitest'
import type { ChatMessage } from '../chat/chat-request.ts'
import { applySystemPrompt, parseSystemPrompt, type SystemPromptMode } from './system-prompt.ts'

const user: ChatMessage = { role: 'user', content: 'Hi' }
const slots = { today: 'optional' } as const

function apply(mode: SystemPromptMode, messages: readonly ChatMessage[], text = 'Today is {{ today }}.'): unknown {
  const prompt = parseSystemPrompt({ mode, template: { text, origin: 'config.yaml:3' } }, slots)
  const before = structuredClone(messages)
  const after = applySystemPrompt(messages, prompt, { today: 'Monday' })
  expect(messages).toEqual(before)
  return after
}

describe('a system prompt', () => {
  const modes: SystemPromptMode[] = ['prepend', 'append', 'replace']

  it.each(modes)('opens a conversation that has none (%s)', (mode) => {
    expect(apply(mode, [user])).toEqual([{ role: 'system', content: 'Today is Monday.' }, user])
  })

  it('comes before what the client wrote, in the same message', () => {
    const messages = [{ role: 'system', content: 'Be brief.' }, user]
    expect(apply('prepend', messages)).toEqual([{ role: 'system', content: 'Today is Monday.\n\nBe brief.' }, user])
  })

  it('comes behind the last system message of the client, and keeps its role and fields', () => {
    const messages = [{ role: 'system', content: 'A.' }, { role: 'developer', content: 'B.', name: 'dev' }, user]
    expect(apply('append', messages)).toEqual([
      { role: 'system', content: 'A.' },
      { role: 'developer', content: 'B.\n\nToday is Monday.', name: 'dev' },
      user,
    ])
  })

  it('replaces every system message of the client', () => {
    const messages = [{ role: 'system', content: 'A.' }, user, { role: 'developer', content: 'B.' }]
    expect(apply('replace', messages)).toEqual([{ role: 'system', content: 'Today is Monday.' }, user])
  })

  it('becomes a part of its own beside parts', () => {
    const part = { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }
    const ours = { type: 'text', text: 'Today is Monday.' }
    const messages = [{ role: 'system', content: [part] }]
    expect(apply('prepend', messages)).toEqual([{ role: 'system', content: [ours, part] }])
    expect(apply('append', messages)).toEqual([{ role: 'system', content: [part, ours] }])
  })

  it('fills a system message that is empty', () => {
    expect(apply('append', [{ role: 'system', content: '' }])).toEqual([
      { role: 'system', content: 'Today is Monday.' },
    ])
    expect(apply('prepend', [{ role: 'system', content: null }])).toEqual([
      { role: 'system', content: 'Today is Monday.' },
    ])
  })

  it('adds nothing where it is blank once filled; replaced is replaced', () => {
    const messages = [{ role: 'system', content: 'A.' }, user]
    const blank = '{% if today == "Sunday" %}Rest.{% endif %}'
    expect(apply('prepend', messages, blank)).toEqual(messages)
    expect(apply('append', messages, blank)).toEqual(messages)
    expect(apply('replace', messages, blank)).toEqual([user])
  })

  it('is checked like every template', () => {
    const template = { text: '{{ tody }}', origin: 'config.yaml:3' }
    expect(() => parseSystemPrompt({ mode: 'append', template }, slots)).toThrow(
      'config.yaml:3, line 1 of the template: unknown slot "tody", did you mean "today"?',
    )
  })
})
