import { expect, it } from 'vitest'
import page from '../../docs/errors.md?raw'
import { meaningOf } from './error-words.ts'

it('every code that is documented has its words, without marks', () => {
  const codes = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, code = '']) => code)
  expect(codes.length).toBeGreaterThan(40)
  expect(codes.filter((code) => meaningOf(code) === code || meaningOf(code).includes('`'))).toEqual([])
  expect(meaningOf('upstream_reset')).toBe('The upstream closed the connection before it answered.')
})

it('a code that is not documented stands for itself', () => {
  expect(meaningOf('http_502')).toBe('http_502')
})
