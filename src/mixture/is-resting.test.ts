import { expect, it } from 'vitest'
import type { ChatModel } from '../chat/chat-model.ts'
import { createSayingModel } from '../testing/fake-model.ts'
import type { MixtureDefinition } from './mixture-definition.ts'
import { createMixture } from './mixture.ts'

const modelOf = (id: string): ChatModel => ({
  ...createSayingModel(id, 'Hi'),
  isResting: () => id.startsWith('resting'),
})
const mixtureOf = (workers: readonly string[], aggregate: string, more: Partial<MixtureDefinition> = {}): ChatModel =>
  createMixture({ id: 'mix', workers: workers.map(modelOf), aggregate: modelOf(aggregate), ...more })
const rests = (...definition: Parameters<typeof mixtureOf>): boolean | undefined =>
  mixtureOf(...definition).isResting?.(0)

it('a mixture is awake while its quorum is, and its aggregate', () => {
  expect(rests(['a', 'b', 'c'], 'z')).toBe(false)
  expect(rests(['a', 'b', 'resting'], 'z')).toBe(false)
  expect(rests(['a', 'resting 1', 'resting 2'], 'z')).toBe(true)
  expect(rests(['a', 'resting 1', 'resting 2'], 'z', { quorum: 1 })).toBe(false)
  expect(rests(['a', 'b', 'c'], 'resting')).toBe(true)
})

it('one of several aggregates is enough', () => {
  expect(rests(['a', 'b'], 'resting', { aggregateFallbacks: [modelOf('y')] })).toBe(false)
  expect(rests(['a', 'b'], 'resting', { aggregateFallbacks: [modelOf('resting too')] })).toBe(true)
})

it('a mixture without workers rests with its aggregate', () => {
  expect(rests([], 'z')).toBe(false)
  expect(rests([], 'resting')).toBe(true)
})

it('a race needs one worker and nobody else', () => {
  expect(rests(['a', 'resting 1', 'resting 2'], 'resting', { strategy: 'race' })).toBe(false)
  expect(rests(['resting 1', 'resting 2'], 'z', { strategy: 'race' })).toBe(true)
})

it('a mixture of mixtures asks them', () => {
  const inner = mixtureOf(['resting'], 'z')
  expect(rests([], 'z', { workers: [modelOf('a'), inner], quorum: 2 })).toBe(true)
  expect(rests([], 'z', { workers: [modelOf('a'), inner], quorum: 1 })).toBe(false)
})
