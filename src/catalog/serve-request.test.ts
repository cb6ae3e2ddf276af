import { describe, expect, it } from 'vitest'
import { type ChatRequest, createChatRequest, type Override, type RequestOptions } from '../chat/chat-request.ts'
import { RequestError } from '../chat/errors.ts'
import { askModel } from '../testing/ask-model.ts'
import { createFakeModel, createSayingModel } from '../testing/fake-model.ts'
import { catalogOf } from './catalog.ts'
import type { BuiltDefinition } from './compose-mixture.ts'

const a = createSayingModel('a', 'I am a.')
const b = createSayingModel('b', 'I am b.')
const c = createSayingModel('c', 'I am c.')
const router = createFakeModel('router', { card: { kind: 'router' }, script: () => [] })
const generic = createFakeModel('generic', { card: { kind: 'mixture' }, script: () => [] })
const deep = createFakeModel('deep', { card: { kind: 'mixture', depth: 3 }, script: () => [] })
const definition: BuiltDefinition = {
  id: 'generic',
  strategy: 'vote',
  quorum: 2,
  graceMs: 7,
  workers: [
    { model: a, weight: 3, params: { temperature: 0.1 } },
    { model: b, samples: 2 },
  ],
  aggregate: { model: c, params: { temperature: 0.2 } },
}

/** What a request is served with; a mixture that is composed for it is its definition. */
function serve(model: string, options: RequestOptions, overrides?: readonly Override[]) {
  const made: BuiltDefinition[] = []
  const catalog = catalogOf([router, generic, deep, a, b, c], {
    prefix: 'mollmr/',
    deadline: {},
    definitions: new Map([['generic', definition]]),
    compose: (composed) => {
      made.push(composed)
      return createSayingModel(composed.id, 'composed')
    },
    ...(overrides ? { overrides } : {}),
  })
  const request = createChatRequest({ model, messages: [{ role: 'user', content: 'Hi' }] }, { options })
  return { ...catalog.serve(request), composed: made[0] }
}

describe('a request without options of its own', () => {
  it('is served by the model that it asks for, as it is', () => {
    expect(serve('mollmr/a', {})).toMatchObject({ model: { id: 'a' }, request: { options: {} } })
  })
})

describe('a named mixture', () => {
  it('is followed by a router itself, without the prefix', () => {
    const { model, request } = serve('router', { mixture: 'mollmr/generic', quorum: 1 })
    expect([model.id, request.options]).toEqual(['router', { mixture: 'generic', quorum: 1 }])
  })

  it('takes the place of any other model that is asked for', () => {
    const { model, request } = serve('a', { mixture: 'mollmr/generic' })
    expect([model.id, request.options]).toEqual(['generic', {}])
  })
})

describe('a side request', () => {
  const title = { messages: [{ role: 'user', content: 'Name this chat.' }], metadata: { task: 'title' } }
  const serveAside = (
    model: string,
    options: RequestOptions = {},
    { body = title, ...parts }: { readonly body?: object; readonly sideRouter?: typeof router } = {
      sideRouter: router,
    },
  ) => {
    const compose = (composed: BuiltDefinition) => createSayingModel(composed.id, 'composed')
    const catalog = catalogOf([router, generic, a, b, c], { prefix: '', deadline: {}, compose, ...parts })
    return catalog.serve(createChatRequest({ model, messages: [], ...body }, { options })).model.id
  }

  it('to a mixture goes to the router, which has a model for it', () => {
    expect(serveAside('generic')).toBe('router')
    expect(serveAside('a', { mixture: 'generic' })).toBe('router')
  })

  it('that is one by its shape alone stays with the mixture that it names', () => {
    const body = { messages: [{ role: 'user', content: 'Yes or no?' }], max_tokens: 8 }
    expect(serveAside('generic', {}, { body, sideRouter: router })).toBe('generic')
  })

  it('to a single model stays there', () => {
    expect(serveAside('a')).toBe('a')
  })

  it('to a mixture that is composed for it, or where nobody is there for it, stays there', () => {
    expect(serveAside('generic', { workers: ['a', 'b'], aggregate: 'c' })).not.toBe('router')
    expect(serveAside('generic', {}, {})).toBe('generic')
  })
})

describe('named members', () => {
  it('are no mixture that is nested as deep as it goes already', () => {
    expect(() => serve('generic', { workers: ['a', 'deep'] })).toThrow(
      'mollmr.workers names "deep", which is nested 3 deep already; that is as deep as it goes.',
    )
    expect(() => serve('generic', { aggregate: 'deep' })).toThrow(RequestError)
  })

  it('take the places of those of the mixture; all else stays, also what it says of a member that stays', () => {
    const { composed, request } = serve('generic', { workers: ['mollmr/b', 'a', 'b', 'b'], strategy: 'select' })
    expect(composed).toEqual({
      ...definition,
      id: 'plan:b*3+a>c',
      workers: [
        { model: b, samples: 3 },
        { model: a, weight: 3, params: { temperature: 0.1 }, samples: 1 },
      ],
    })
    expect(request.options).toEqual({ strategy: 'select' })
  })

  it('replace the aggregate alone', () => {
    const { composed } = serve('generic', { aggregate: 'a' })
    expect(composed).toMatchObject({ aggregate: { model: a }, quorum: 2, draftsOf: 'generic' })
  })

  it('drop a quorum that they could not reach', () => {
    expect(serve('generic', { workers: ['a'] }).composed).not.toHaveProperty('quorum')
  })

  it('make a mixture where none is asked for: a single model is its aggregate, a router needs one named', () => {
    expect(serve('c', { workers: ['a', 'b'] }).composed?.id).toBe('plan:a+b>c')
    expect(serve('router', { workers: ['a'], aggregate: 'b' }).composed?.id).toBe('plan:a>b')
    expect(serve('router', { mixture: 'generic', workers: ['a'] }).composed?.id).toBe('plan:a>c')
  })

  it('answer as a mixture does', async () => {
    const catalog = catalogOf([a, b, c], { prefix: '', deadline: {} })
    const request: ChatRequest = createChatRequest(
      { model: 'c', messages: [{ role: 'user', content: 'Hi' }] },
      { options: { workers: ['a', 'b'] } },
    )
    expect((await askModel(catalog.serve(request).model)).answer.text).toBe('I am c.')
  })
})

describe('options that cannot be meant', () => {
  it.each<[string, RequestOptions, string]>([
    ['router', { workers: ['a'] }, 'mollmr.aggregate'],
    ['router', { aggregate: 'a' }, 'mollmr.workers'],
    ['a', { aggregate: 'b' }, 'mollmr.workers'],
    ['generic', { workers: ['a', 'bb'] }, 'mollmr.workers[1]'],
    ['generic', { aggregate: 'nobody' }, 'mollmr.aggregate'],
    ['a', { mixture: 'nobody' }, 'mollmr.mixture'],
    ['generic', { workers: Array.from({ length: 17 }, () => 'a') }, 'mollmr.workers'],
  ])('are an error with their path: %s, %j', (model, options, param) => {
    expect(() => serve(model, options)).toThrow(expect.objectContaining({ param }))
  })
})

describe('options that the config does not allow', () => {
  it('are an error that names what it does', () => {
    expect(() => serve('generic', { workers: ['a'], quorum: 1 }, ['quorum'])).toThrow(
      expect.objectContaining({
        param: 'mollmr.workers',
        message: 'mollmr.workers may not be set here: server.overrides allows quorum.',
      }),
    )
    expect(() => serve('a', { budget: { maxCalls: 1 } }, [])).toThrow('allows nothing')
    expect(serve('generic', { quorum: 1, include: ['usage'] }, ['quorum']).model.id).toBe('generic')
  })
})
