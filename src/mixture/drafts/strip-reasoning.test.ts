import { expect, it } from 'vitest'
import { stripReasoning } from './strip-reasoning.ts'

it.each([
  ['a closed block', '<think>hm</think>\n\n42', '42'],
  ['a long one', `<thinking>${'hm '.repeat(99)}</thinking>42`, '42'],
  ['several blocks', '<think>a</think>4<think>b</think>2', '42'],
  ['a block that was cut off', '<think>I am still', ''],
  ['text before a block that was cut off', 'So: 42 <THINK>but is it', 'So: 42'],
  ['a block that the chat template had opened', 'hm\n</think>\n42', '42'],
  ['a block inside a block', '<think>a<think>b</think>42', '42'],
  ['nothing', ' 42\n', '42'],
  ['other tags', '<b>42</b>', '<b>42</b>'],
])('strips %s', (_, text, left) => {
  expect(stripReasoning(text)).toBe(left)
})

it('reads a megabyte of unclosed tags in linear time', () => {
  expect(stripReasoning('<think>'.repeat(150_000))).toBe('')
})
