import { describe, expect, it } from 'vitest'
import { createSayingModel } from '../testing/fake-model.ts'
import { catalogOf } from './catalog.ts'

const generic = createSayingModel('generic', 'a')
const slashed = createSayingModel('Qwen/Qwen3-8B', 'b')
const catalog = catalogOf([generic, slashed], { prefix: 'mollmr/', deadline: {} })

describe('a catalog', () => {
  it('finds a model by its id, with and without the prefix', () => {
    expect(catalog.find('generic')).toBe(generic)
    expect(catalog.find('mollmr/generic')).toBe(generic)
    expect(catalog.find('mollmr/Qwen/Qwen3-8B')).toBe(slashed)
  })

  it('lists ids with the prefix, in the given order', () => {
    expect(catalog.list().map(({ id }) => id)).toEqual(['mollmr/generic', 'mollmr/Qwen/Qwen3-8B'])
    expect(catalog.listedId('generic')).toBe('mollmr/generic')
    expect(catalog.listedId('mollmr/generic')).toBe('mollmr/generic')
  })

  it('prefers an id that itself begins with the prefix', () => {
    const odd = createSayingModel('mollmr/generic', 'c')
    expect(catalogOf([generic, odd], { prefix: 'mollmr/', deadline: {} }).find('mollmr/generic')).toBe(odd)
  })

  it('suggests the nearest id for an unknown one', () => {
    expect(() => catalog.find('mollmr/genric')).toThrow('Did you mean "generic"?')
    expect(() => catalog.find('something else')).toThrow('GET /v1/models')
  })

  it('says that no router is configured rather than that it is unknown', () => {
    expect(() => catalog.find('router')).toThrow('No router is configured')
  })

  it('keeps the first of two models with one id', () => {
    const twin = createSayingModel('generic', 'd')
    expect(catalogOf([generic, twin], { prefix: '', deadline: {} }).find('generic')).toBe(generic)
  })
})
