import { describe, expect, it } from 'vitest'
import type { ChatMessage } from '../../chat/chat-request.ts'
import { toolsAsText } from './tools-as-text.ts'

const user = (content: string): ChatMessage => ({ role: 'user', content })
const weatherCall: ChatMessage = {
  role: 'assistant',
  content: 'Let me look.',
  tool_calls: [{ id: '1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } }],
}

describe('past tool calls for a model without tools', () => {
  it('become what was said and told', () => {
    const messages = [
      user('Weather?'),
      weatherCall,
      { role: 'tool', tool_call_id: '1', content: '{"c":7}' },
      { role: 'assistant', content: '7 °C.' },
      user('And tomorrow?'),
    ]
    expect(toolsAsText(messages)).toEqual([
      user('Weather?'),
      { role: 'assistant', content: 'Let me look.\n[Called the tool weather with {"city":"Bern"}]' },
      user('[Result of the tool weather]\n{"c":7}'),
      { role: 'assistant', content: '7 °C.' },
      user('And tomorrow?'),
    ])
  })

  it('become one message where turns would no longer alternate', () => {
    const messages = [
      user('Both?'),
      {
        role: 'assistant',
        content: null,
        tool_calls: ['1', '2'].map((id) => ({ id, type: 'function', function: { name: `f${id}`, arguments: '{}' } })),
      },
      { role: 'tool', tool_call_id: '1', content: 'one' },
      { role: 'tool', tool_call_id: '2', content: [{ type: 'text', text: 'two' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'So?' },
          { type: 'image_url', image_url: { url: 'x' } },
        ],
      },
    ]
    expect(toolsAsText(messages)).toEqual([
      user('Both?'),
      { role: 'assistant', content: '[Called the tool f1 with {}]\n[Called the tool f2 with {}]' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '[Result of the tool f1]\none\n\n[Result of the tool f2]\ntwo' },
          { type: 'text', text: 'So?' },
          { type: 'image_url', image_url: { url: 'x' } },
        ],
      },
    ])
  })

  it('are understood in the older form too', () => {
    const messages = [
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
      { role: 'function', name: 'f', content: 'done' },
    ]
    expect(toolsAsText(messages)).toEqual([
      { role: 'assistant', content: '[Called the tool f with {"a":1}]' },
      user('[Result of the tool f]\ndone'),
    ])
  })

  it('lose the middle of a long result', () => {
    const [result] = toolsAsText([{ role: 'tool', tool_call_id: '9', content: `a${'-'.repeat(9000)}z` }])
    const content = result?.content as string
    expect(content).toMatch(/^\[Result of a tool\]\na-+\n\[… \d+ characters left out …\]\n-+z$/)
    expect(content.length).toBeLessThanOrEqual(4000 + '[Result of a tool]\n'.length)
  })

  it('change nothing where there are none', () => {
    const messages = [{ role: 'system', content: 'S' }, user('a'), user('b')]
    expect(toolsAsText(messages)).toEqual(messages)
  })
})
