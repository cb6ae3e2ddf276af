import { describe, expect, it } from 'vitest'
import { type ChatBody, type ChatRequest, createChatRequest } from '../chat/chat-request.ts'
import { ConfigError } from '../chat/errors.ts'
import { createRuleBook, type LanguageDetector, type RouteConditions } from './rules.ts'

const ask = (content: string, body: Partial<ChatBody> = {}, extras: Partial<ChatRequest> = {}): ChatRequest =>
  createChatRequest({ model: 'router', messages: [{ role: 'user', content }], ...body }, extras)
const holds = (when: RouteConditions, request: ChatRequest): boolean =>
  createRuleBook([{ when, use: 'target' }])(request) === 'target'
const tools = [{ type: 'function', function: { name: 'read' } }]

describe('createRuleBook', () => {
  it('uses the first rule that fits', () => {
    const book = createRuleBook([
      { when: { matches: 'sql' }, use: 'coder' },
      { when: { minLength: 5 }, use: 'generic' },
      { when: {}, use: 'rest' },
    ])
    expect([book(ask('Some SQL')), book(ask('Hello there')), book(ask('Hi'))]).toEqual(['coder', 'generic', 'rest'])
  })

  it('fits nothing where there are no rules', () => {
    expect(createRuleBook([])(ask('Hi'))).toBeUndefined()
  })

  it('knows whether tools may be used', () => {
    expect(holds({ tools: true }, ask('Hi', { tools }))).toBe(true)
    expect(holds({ tools: true }, ask('Hi', { tools, tool_choice: 'none' }))).toBe(false)
    expect(holds({ tools: true }, ask('Hi', { tools: [] }))).toBe(false)
    expect(holds({ tools: false }, ask('Hi'))).toBe(true)
  })

  it('knows the modality of any message', () => {
    const messages = [
      { role: 'user', content: [{ type: 'image_url' }] },
      { role: 'assistant', content: 'A cat.' },
      { role: 'user', content: 'Which colour?' },
    ]
    expect(holds({ modality: 'image' }, ask('', { messages }))).toBe(true)
    expect(holds({ modality: 'image' }, ask('image'))).toBe(false)
  })

  describe('a language', () => {
    const loadDetector = (): LanguageDetector => ({
      languages: ['en', 'de'],
      languageOf: (text) => (text.includes('ü') ? 'de' : text === '' ? null : 'en'),
    })
    const book = createRuleBook([{ when: { language: 'de' }, use: 'german' }], loadDetector)

    it('is that of the last message of the user', () => {
      const messages = [
        { role: 'user', content: 'What is a green apple?' },
        { role: 'user', content: 'Grün' },
        { role: 'assistant', content: 'Sure' },
      ]
      expect([book(ask('', { messages })), book(ask('Green')), book(ask(''))]).toEqual(['german', undefined, undefined])
    })

    it('is not looked for at the end of a long text', () => {
      expect(book(ask('a'.repeat(3000) + 'ü'))).toBeUndefined()
    })

    it('that nobody could tell is an error at once', () => {
      const rules = [{ when: { language: 'tlh' }, use: 'x' }]
      expect(() => createRuleBook(rules, loadDetector)).toThrow('"tlh" cannot be told; known are de, en.')
      expect(() => createRuleBook(rules)).toThrow('the router has no language detector')
    })

    it('loads nothing where no rule asks for it', () => {
      const refuse = (): never => {
        throw new Error('loaded')
      }
      expect(createRuleBook([{ when: {}, use: 'x' }], refuse)(ask('Hi'))).toBe('x')
    })
  })

  it('compares headers, the key and metadata exactly', () => {
    const request = ask('Hi', { metadata: { team: 'blue' } }, { caller: { headers: { 'x-team': 'Blue' }, key: 'ci' } })
    expect(holds({ headers: { 'x-team': 'Blue' } }, request)).toBe(true)
    expect(holds({ headers: { 'x-team': 'blue' } }, request)).toBe(false)
    expect(holds({ key: 'ci' }, request)).toBe(true)
    expect(holds({ key: 'c' }, request)).toBe(false)
    expect(holds({ metadata: { team: 'blue' } }, request)).toBe(true)
    expect(holds({ metadata: { team: 'blue', floor: '2' } }, request)).toBe(false)
  })

  it('measures and searches the last message of the user, not the rest of the conversation', () => {
    const messages = [
      { role: 'user', content: 'Write some SQL for me, a long one.' },
      { role: 'assistant', content: 'SELECT 1' },
      { role: 'user', content: 'Danke' },
    ]
    const request = ask('', { messages })
    expect(holds({ matches: 'sql' }, request)).toBe(false)
    expect(holds({ matches: '^danke$' }, request)).toBe(true)
    expect(holds({ minLength: 5, maxLength: 5 }, request)).toBe(true)
    expect(holds({ minLength: 6 }, request)).toBe(false)
    expect(holds({ maxLength: 4 }, request)).toBe(false)
  })

  it('matches scripts, so that a rule can speak of a language', () => {
    expect(holds({ matches: '\\p{Script=Han}' }, ask('你好'))).toBe(true)
    expect(holds({ matches: '\\p{Script=Han}' }, ask('hello'))).toBe(false)
  })

  it('wants all conditions of a rule', () => {
    expect(holds({ matches: 'sql', tools: true }, ask('sql'))).toBe(false)
    expect(holds({ matches: 'sql', tools: true }, ask('sql', { tools }))).toBe(true)
  })

  it('refuses a pattern that is not one, and names the rule', () => {
    const make = () =>
      createRuleBook([
        { when: {}, use: 'a' },
        { when: { matches: '(' }, use: 'b' },
      ])
    expect(make).toThrow(ConfigError)
    expect(make).toThrow('router.rules[1].when.matches')
  })

  it('does without a user message', () => {
    expect(holds({ maxLength: 0 }, ask('', { messages: [{ role: 'system', content: 'Be brief.' }] }))).toBe(true)
  })
})
