import { describe, expect, it } from 'vitest'
import { createChatRequest } from '../chat/chat-request.ts'
import { withHeaderOptions } from './header-options.ts'
import { type Progress, progressLine, progressStylesOf, writeProgressComment } from './progress.ts'

const step = (fields: Partial<Progress>): Progress => ({
  step: 1,
  stage: 'worker',
  name: 'a',
  state: 'done',
  atMs: 12.4,
  ...fields,
})

describe('a line of progress', () => {
  it.each<[Partial<Progress>, string]>([
    [{ stage: 'route', name: 'generic', state: 'chosen' }, 'Route: generic.\n'],
    [{ stage: 'route', state: 'done' }, ''],
    [{ state: 'started' }, ''],
    [{ state: 'writes' }, ''],
    [{ state: 'done' }, 'a has answered.\n'],
    [{ state: 'failed', code: 'upstream_timeout' }, 'a has failed (upstream_timeout).\n'],
    [{ state: 'stopped' }, 'a was too slow.\n'],
    [{ stage: 'aggregate', name: 'z', state: 'started' }, 'z writes the answer.\n'],
    [{ stage: 'aggregate', name: 'z', state: 'done' }, ''],
  ])('for %j is %j', (fields, line) => {
    expect(progressLine(step(fields))).toBe(line)
  })
})

describe('a comment of progress', () => {
  it('is one line, whatever the name', () => {
    const comment = writeProgressComment(step({ name: 'a\n\ndata: {"x":1}\u2028b' }))
    expect(comment.trimEnd().split('\n')).toHaveLength(1)
    expect(comment).toMatch(/^: mollmr \{"step":1,"stage":"worker","name":[^\n]*"at_ms":12\}\n/)
  })
})

describe('the ways of progress', () => {
  it('are those of the options, both where both are asked for', () => {
    expect(progressStylesOf({})).toEqual([])
    expect(progressStylesOf({ include: ['usage'] })).toEqual([])
    expect(progressStylesOf({ progress: 'comments', include: ['progress', 'usage'] })).toEqual(['comments', 'chunks'])
    expect(progressStylesOf({ include: ['drafts'] })).toEqual(['drafts'])
  })

  it('may come in headers; without them the request is the same one', () => {
    const request = createChatRequest({ model: 'm', messages: [] })
    expect(withHeaderOptions(request)).toBe(request)
    const caller = { headers: { 'x-mollmr-include': 'usage,  progress', 'x-mollmr-progress': ' reasoning' } }
    expect(withHeaderOptions({ ...request, caller }).options).toEqual({
      include: ['usage', 'progress'],
      progress: 'reasoning',
    })
    expect(withHeaderOptions({ ...request, caller, options: { include: [] } }).options.include).toEqual([])
    const native = { dialect: 'anthropic-messages' as const, json: '{}' }
    expect(withHeaderOptions({ ...request, caller, native })).not.toHaveProperty('native')
  })
})
