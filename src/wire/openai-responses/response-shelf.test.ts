import { describe, expect, it } from 'vitest'
import { ResponseShelf } from './response-shelf.ts'

const said = (id: string) => ({
  id: `resp_${id}`,
  input: [{ role: 'user' }],
  output: [{ id: `msg_${id}`, type: 'message' }],
  response: { id: `resp_${id}`, object: 'response' },
})

describe('the shelf of responses', () => {
  it('knows a conversation and each item in its answer', () => {
    const shelf = new ResponseShelf()
    shelf.keep(said('1'), 10)
    expect(shelf.conversation('resp_1').items).toEqual([{ role: 'user' }, { id: 'msg_1', type: 'message' }])
    expect(shelf.item('msg_1', { param: 'input[0].id' }).items).toEqual([{ id: 'msg_1', type: 'message' }])
  })

  it.each([
    ['number', { responses: 2, characters: 1000 }],
    ['size', { responses: 10, characters: 25 }],
  ])('forgets the oldest with their items, by %s', (_name, most) => {
    const shelf = new ResponseShelf(most)
    for (const id of ['1', '2', '3']) shelf.keep(said(id), 10)
    expect(() => shelf.conversation('resp_1')).toThrow('not kept')
    expect(() => shelf.item('msg_1', { param: 'input[0].id' })).toThrow('not kept')
    expect(shelf.conversation('resp_3').items).toHaveLength(2)
  })

  it('tells nobody of what another key has said', () => {
    const shelf = new ResponseShelf()
    shelf.keep({ ...said('1'), owner: 'anna' }, 10)
    expect(shelf.conversation('resp_1', 'anna').items).toHaveLength(2)
    expect(() => shelf.conversation('resp_1', 'ben')).toThrow('not kept')
    expect(() => shelf.conversation('resp_1')).toThrow('not kept')
    expect(() => shelf.item('msg_1', { owner: 'ben', param: 'input[0].id' })).toThrow('not kept')
  })

  it('keeps nothing that alone is larger than all it may hold', () => {
    const shelf = new ResponseShelf({ responses: 10, characters: 5 })
    shelf.keep(said('1'), 10)
    expect(() => shelf.conversation('resp_1')).toThrow('not kept')
  })

  it('says where else a response and its items are kept', () => {
    const shelf = new ResponseShelf()
    shelf.keep({ ...said('1'), heldBy: 'openai' }, 10)
    shelf.keep(said('2'), 10)
    expect(shelf.conversation('resp_1').holder).toBe('openai')
    expect(shelf.item('msg_1', { param: 'input[0].id' }).holder).toBe('openai')
    expect(shelf.conversation('resp_2').holder).toBeNull()
  })

  it('forgets a response for whoever it belongs to, and for nobody else', () => {
    const shelf = new ResponseShelf()
    shelf.keep({ ...said('1'), owner: 'anna' }, 10)
    expect([shelf.forget('resp_1', 'ben'), shelf.find('resp_1', 'anna')?.id]).toEqual([false, 'resp_1'])
    expect([shelf.forget('resp_1', 'anna'), shelf.find('resp_1', 'anna')]).toEqual([true, undefined])
    expect(() => shelf.item('msg_1', { owner: 'anna', param: 'input[0].id' })).toThrow('not kept')
  })

  it('counts a response once that a server names like another', () => {
    const shelf = new ResponseShelf({ responses: 10, characters: 25 })
    for (let time = 0; time < 5; time += 1) shelf.keep(said('1'), 10)
    shelf.keep(said('2'), 10)
    expect([shelf.find('resp_1')?.id, shelf.find('resp_2')?.id]).toEqual(['resp_1', 'resp_2'])
    expect(shelf.item('msg_1', { param: 'input[0].id' }).items).toHaveLength(1)
  })
})
