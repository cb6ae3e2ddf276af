import { describe, expect, it } from 'vitest'
import { createModelCard, type ModelCard } from '../chat/chat-model.ts'
import { type ChatBody, createChatRequest } from '../chat/chat-request.ts'
import { canServe, modalitiesOf, needsOf } from './request-needs.ts'

const card = (known: Partial<ModelCard>) => createModelCard({ kind: 'model', ownedBy: 'test', ...known })
const image = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } }
const needs = (body: Partial<ChatBody>) =>
  needsOf(createChatRequest({ model: 'router', messages: [{ role: 'user', content: 'Hello' }], ...body }))

describe('canServe', () => {
  it('takes a model that declares nothing for plain text', () => {
    expect(canServe(card({}), needs({}))).toBe(true)
  })

  it('wants the modality of every part', () => {
    const withImage = needs({ messages: [{ role: 'user', content: [image] }] })
    expect(canServe(card({}), withImage)).toBe(false)
    expect(canServe(card({ modalities: ['text', 'image'] }), withImage)).toBe(true)
  })

  it('wants tools only where they may be used', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }]
    expect(canServe(card({ tools: false }), needs({ tools }))).toBe(false)
    expect(canServe(card({ tools: false }), needs({ tools, tool_choice: 'none' }))).toBe(true)
  })

  it('wants room for prompt and answer', () => {
    const long = needs({ messages: [{ role: 'user', content: '123'.repeat(2000) }], max_tokens: 500 })
    expect(canServe(card({ contextWindow: 2499 }), long)).toBe(false)
    expect(canServe(card({ contextWindow: 2500 }), long)).toBe(true)
  })

  it('takes a limit of -1, which some clients send, for none', () => {
    expect(needs({ max_tokens: -1 }).tokens()).toBe(needs({}).tokens())
  })
})

describe('modalitiesOf', () => {
  it('names every kind of part, text always', () => {
    const parts = [image, { type: 'input_audio' }, { type: 'file' }, { type: 'something_new' }]
    expect([...modalitiesOf([{ role: 'user', content: parts }])]).toEqual(['text', 'image', 'audio', 'file'])
  })
})
