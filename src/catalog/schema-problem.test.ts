import { describe, expect, it } from 'vitest'
import { schemaProblem } from './schema-problem.ts'

const person = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 }, pets: { $ref: '#/$defs/pets' } },
  required: ['name'],
  additionalProperties: false,
  $defs: { pets: { type: 'array', items: { anyOf: [{ const: 'cat' }, { const: 'dog' }] } } },
}

describe('a value and its schema', () => {
  it.each([
    [{ name: 'Ada', age: 36, pets: ['cat'] }, true],
    [{ name: 'Ada', age: -1 }, false],
    [{ name: 'Ada', pets: ['cow'] }, false],
    [{ name: 'Ada', more: 1 }, false],
    [{ age: 36 }, false],
  ])('fit or do not: %j', (value, fits) => {
    expect(schemaProblem(person, value) === null).toBe(fits)
  })

  it('are told what does not fit, and where', () => {
    expect(schemaProblem(person, { name: 'Ada', age: 'old' })).toMatch(/^#\/age: .*string.*integer/)
  })

  it.each([undefined, null, true, {}, { $ref: '#/$defs/none' }])(
    'are left alone where nobody can tell: %j',
    (schema) => {
      expect(schemaProblem(schema, { any: 'thing' })).toBeNull()
    },
  )

  it('are not held up by a pattern, and not failed for one', () => {
    const schema = {
      type: 'object',
      properties: { pattern: { type: 'string', pattern: '^(a+)+$' } },
      patternProperties: { '^x': { type: 'string' } },
      additionalProperties: false,
      required: ['pattern'],
    }
    expect(schemaProblem(schema, { pattern: `${'a'.repeat(40)}!`, x1: 1 })).toBeNull()
    expect(schemaProblem(schema, { pattern: 3 })).not.toBeNull()
    expect(schemaProblem(schema, {})).not.toBeNull()
  })

  it('may be of draft 7', () => {
    const schema = { $schema: 'http://json-schema.org/draft-07/schema#', type: 'array', items: [{ type: 'string' }] }
    expect(schemaProblem(schema, ['a', 1])).toBeNull()
    expect(schemaProblem(schema, [1])).not.toBeNull()
  })
})
