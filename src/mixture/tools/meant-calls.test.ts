import { describe, expect, it } from 'vitest'
import type { ToolCall } from '../../chat/chat-request.ts'
import { areMeant, mustAct } from './meant-calls.ts'

const tool = (name: string): object => ({ type: 'function', function: { name, parameters: {} } })
const body = { model: 'm', messages: [], tools: [tool('f'), tool('g')] }
const call = (name: string, json = '{}'): ToolCall => ({
  id: '1',
  type: 'function',
  function: { name, arguments: json },
})
const forced = { ...body, tool_choice: { type: 'function', function: { name: 'f' } } }

describe('tool calls of a worker', () => {
  it.each([
    ['a tool on offer', [call('f', '{"x":1}')], body, true],
    ['several', [call('f'), call('g')], body, true],
    ['no arguments at all', [call('f', '')], body, true],
    ['a tool that nobody offers', [call('h')], body, false],
    ['arguments that are no JSON', [call('f', '{"x":')], body, false],
    ['arguments that are no object', [call('f', '[1]')], body, false],
    ['several where one is wanted', [call('f'), call('g')], { ...body, parallel_tool_calls: false }, false],
    ['the tool that is insisted on', [call('f')], forced, true],
    ['another than that', [call('g')], forced, false],
    ['a call that is no function', [{ id: '1', type: 'custom', custom: { name: 'c', input: 'x' } }], body, true],
  ])('are meant or not: %s', (...[, calls, asked, isMeant]) => {
    expect(areMeant(calls, asked)).toBe(isMeant)
  })

  it.each([
    ['required', true],
    [{ type: 'function', function: { name: 'f' } }, true],
    ['auto', false],
    ['none', false],
    [null, false],
    [undefined, false],
  ])('have to be there where tool_choice is %j: %s', (choice, isSo) => {
    expect(mustAct({ ...body, tool_choice: choice })).toBe(isSo)
  })
})
