import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hideSecrets } from './hide-secrets.ts'

const secret = 'sk-"quoted"/ünd+more=='

it.each([
  ['as it is', secret],
  ['in JSON', JSON.stringify({ key: secret })],
  ['in JSON in JSON', JSON.stringify(JSON.stringify({ key: secret }))],
  ['in a URL', `https://x/?key=${encodeURIComponent(secret)}`],
  ['in base64', Buffer.from(secret).toString('base64')],
  ['in base64 for URLs', Buffer.from(secret).toString('base64url')],
  ['as the password of basic authentication', Buffer.from(`user:${secret}`).toString('base64')],
])('hides a secret %s', (_name, text) => {
  const told = hideSecrets(`before ${text} after`, [secret, ''])
  expect(told).toMatch(/^before .*\*\*\*.* after$/)
  for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    expect(told).not.toContain(form)
  const decoded = told.split(' ').map((word) => Buffer.from(word.replaceAll('***', ''), 'base64').toString())
  expect(decoded.join(' ')).not.toContain(secret.slice(3, -3))
})

it('hides it wherever it stands in what is encoded', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      const text = Buffer.from(before + secret + after).toString('base64')
      expect(Buffer.from(hideSecrets(text, [secret]).replaceAll('***', ''), 'base64').toString()).not.toContain(secret)
    }),
  )
})

it('leaves a text alone that has none, and secrets that are no secrets', () => {
  expect(hideSecrets('none of this', ['none', '', secret])).toBe('none of this')
})
