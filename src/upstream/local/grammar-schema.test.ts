import { describe, expect, it } from 'vitest'
import { grammarSchemaOf } from './grammar-schema.ts'

describe('grammarSchemaOf', () => {
  it('writes anyOf as oneOf, at every depth', () => {
    const schema = { type: 'object', properties: { a: { anyOf: [{ type: 'null' }, { type: 'string' }] } } }
    expect(grammarSchemaOf(schema)).toEqual({
      type: 'object',
      properties: { a: { oneOf: [{ type: 'null' }, { type: 'string' }] } },
    })
  })

  it('lists the values of a bounded integer', () => {
    expect(grammarSchemaOf({ type: 'integer', minimum: 1, maximum: 3 })).toEqual({ enum: [1, 2, 3] })
  })

  it.each([
    { type: 'integer', minimum: 1 },
    { type: 'integer', minimum: 1, maximum: 1000 },
    { type: 'integer', minimum: 3, maximum: 1 },
    { type: 'integer', enum: [1], minimum: 1, maximum: 3 },
    { type: 'number', minimum: 0, maximum: 1 },
    { enum: ['a', 'b'], description: 'x' },
    true,
  ])('leaves %j as it is', (schema) => {
    expect(grammarSchemaOf(schema)).toEqual(schema)
  })
})
