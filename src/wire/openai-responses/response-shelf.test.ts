import { describe, expect, it } from 'vitest'
import { ResponseShelf } from './response-shelf.ts'

const said = (id: string) => ({
  id: `resp_${id}`,
  input: [{ role: 'user' }],
  output: [{ id: `msg_${id}`, type: 'message' }],
})

describe('the shelf of responses', () => {
  it('knows a conversation and each item in its answer', () => {
    const shelf = new ResponseShelf()
    shelf.keep(said('1'), 10)
    expect(shelf.conversation('resp_1')).toEqual([{ role: 'user' }, { id: 'msg_1', type: 'message' }])
    expect(shelf.item('msg_1', { param: 'input[0].id' })).toEqual({ id: 'msg_1', type: 'message' })
  })

  it.each([
    ['number', { responses: 2, characters: 1000 }],
    ['size', { responses: 10, characters: 25 }],
  ])('forgets the oldest with their items, by %s', (_name, most) => {
    const shelf = new ResponseShelf(most)
    for (const id of ['1', '2', '3']) shelf.keep(said(id), 10)
    expect(() => shelf.conversation('resp_1')).toThrow('not kept')
    expect(() => shelf.item('msg_1', { param: 'input[0].id' })).toThrow('not kept')
    expect(shelf.conversation('resp_3')).toHaveLength(2)
  })

  it('tells nobody of what another key has said', () => {
    const shelf = new ResponseShelf()
    shelf.keep({ ...said('1'), owner: 'anna' }, 10)
    expect(shelf.conversation('resp_1', 'anna')).toHaveLength(2)
    expect(() => shelf.conversation('resp_1', 'ben')).toThrow('not kept')
    expect(() => shelf.conversation('resp_1')).toThrow('not kept')
    expect(() => shelf.item('msg_1', { owner: 'ben', param: 'input[0].id' })).toThrow('not kept')
  })

  it('keeps nothing that alone is larger than all it may hold', () => {
    const shelf = new ResponseShelf({ responses: 10, characters: 5 })
    shelf.keep(said('1'), 10)
    expect(() => shelf.conversation('resp_1')).toThrow('not kept')
  })
})
