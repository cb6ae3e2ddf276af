import { describe, expect, it } from 'vitest'
import { type ChatBody, type ChatMessage, createChatRequest } from '../chat/chat-request.ts'
import { createSayingModel } from '../testing/fake-model.ts'
import { affinityKeyOf, isToolCallPending, Pins, type Visit } from './affinity.ts'
import type { Route } from './route.ts'

const user = (content: string): ChatMessage => ({ role: 'user', content })
const said = (content: string): ChatMessage => ({ role: 'assistant', content })
const call: ChatMessage = {
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } }],
}
const result: ChatMessage = { role: 'tool', tool_call_id: 'c1', content: 'text' }

describe('affinityKeyOf', () => {
  const keyOf = (body: Partial<ChatBody>, headers: Record<string, string> = {}, key?: string): string =>
    affinityKeyOf(
      createChatRequest(
        { model: 'router', messages: [user('Hi')], ...body },
        { caller: { headers, ...(key === undefined ? {} : { key }) } },
      ),
    )

  it.each(['session-id', 'x-session-id', 'x-session-affinity', 'x-claude-code-session-id', 'x-openwebui-chat-id'])(
    'is the session of the header %s, whatever the conversation has become',
    (name) => {
      const compacted = { messages: [user('Summary of what was said')] }
      expect(keyOf(compacted, { [name]: 's1' })).toBe(keyOf({}, { [name]: 's1' }))
      expect(keyOf({}, { [name]: 's2' })).not.toBe(keyOf({}, { [name]: 's1' }))
    },
  )

  it('is the prompt_cache_key of header or body', () => {
    expect(keyOf({ prompt_cache_key: 's1' })).toBe(keyOf({}, { prompt_cache_key: 's1' }))
    expect(keyOf({ prompt_cache_key: 's1', messages: [user('Other')] })).toBe(keyOf({ prompt_cache_key: 's1' }))
  })

  it('is the beginning of the conversation where no session is named', () => {
    const grown = { messages: [user('Hi'), said('Hello'), user('And now?')] }
    expect(keyOf(grown)).toBe(keyOf({}))
    expect(keyOf({ messages: [user('Bye')] })).not.toBe(keyOf({}))
    expect(keyOf({ messages: [{ role: 'system', content: 'x' }, user('Hi')] })).not.toBe(keyOf({}))
    expect(keyOf({ tools: [{ type: 'function' }] })).not.toBe(keyOf({}))
  })

  it('keeps the keys of callers apart', () => {
    expect(keyOf({}, { 'session-id': 's1' }, 'alice')).not.toBe(keyOf({}, { 'session-id': 's1' }, 'bob'))
  })
})

describe('isToolCallPending', () => {
  it.each<[string, ChatMessage[], boolean]>([
    ['a call without its result', [user('Read'), call], true],
    ['a result that nobody has answered', [user('Read'), call, result], true],
    ['two results', [user('Read'), call, result, { ...result, tool_call_id: 'c2' }], true],
    ['an answered result', [user('Read'), call, result, said('It says text.')], false],
    ['a user who speaks instead', [user('Read'), call, result, user('Stop, something else')], false],
    ['an empty user message behind the result', [user('Read'), call, result, user(' ')], true],
    ['no call at all', [user('Hi'), said('Hello'), user('Bye')], false],
    ['nothing', [], false],
  ])('%s', (_, messages, isPending) => {
    expect(isToolCallPending(messages)).toBe(isPending)
  })
})

describe('Pins', () => {
  const route: Route = { model: createSayingModel('coder', 'x'), source: 'model' }
  const visit = (messages: readonly ChatMessage[], nowMs = 0, key = 'k'): Visit => ({ key, messages, nowMs })
  const never = (): boolean => false
  const always = (): boolean => true
  const pinned = (isMakeshift = false): Pins => {
    const pins = new Pins()
    pins.keep(visit([user('Read')]), route, isMakeshift)
    return pins
  }

  it('knows nothing of other conversations', () => {
    expect(pinned().find(visit([user('Read')], 0, 'other'), always)).toBeUndefined()
  })

  it('holds while a tool call is pending, however long the tool takes and whatever the topic', () => {
    expect(pinned().find(visit([user('Read'), call, result], 3_600_000), never)).toBe(route)
  })

  it('holds within one user turn', () => {
    expect(pinned().find(visit([user('Read')], 1000), never)).toBe(route)
  })

  it('holds on a new user turn that may stay, and not on one that may not', () => {
    const next = [user('Read'), said('Done'), user('Thanks')]
    expect(pinned().find(visit(next), always)).toBe(route)
    expect(pinned().find(visit(next), never)).toBeUndefined()
  })

  it('takes the same words said again for a new turn', () => {
    expect(pinned().find(visit([user('Read'), said('Done'), user('Read')]), never)).toBeUndefined()
  })

  it('lets go after 300 s of silence', () => {
    expect(pinned().find(visit([user('Read')], 300_000), always)).toBe(route)
    expect(pinned().find(visit([user('Read')], 300_001), always)).toBeUndefined()
  })

  it('counts the silence from the last request, not from the first', () => {
    const pins = pinned()
    pins.find(visit([user('Read')], 200_000), always)
    expect(pins.find(visit([user('Read')], 400_000), always)).toBe(route)
  })

  it('forgets once it has let go', () => {
    const pins = pinned()
    pins.find(visit([user('Read'), said('Done'), user('Cook')]), never)
    expect(pins.find(visit([user('Read')]), always)).toBeUndefined()
  })

  it('gives up a makeshift on the next user turn, not within this one', () => {
    const pins = pinned(true)
    expect(pins.find(visit([user('Read'), call, result]), always)).toBe(route)
    expect(pins.find(visit([user('Read')]), always)).toBe(route)
    expect(pins.find(visit([user('Read'), said('Done'), user('More')]), always)).toBeUndefined()
  })
})
