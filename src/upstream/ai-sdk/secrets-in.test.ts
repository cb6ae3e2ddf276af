import { expect, it } from 'vitest'
import { secretsIn } from './secrets-in.ts'

it('finds the texts whose name says that they are secret, at any depth', () => {
  const options = {
    region: 'eu-west-1',
    secretAccessKey: 'a',
    project: { googleAuthOptions: { credentials: { client_email: 'x@y', private_key: 'b' } } },
    headers: { Authorization: 'c', 'x-team': 'mollmr' },
    tokens: [{ accessToken: 'd' }],
    maxTokens: 5,
    password: null,
  }
  expect(secretsIn(options)).toEqual(['a', 'b', 'c', 'd'])
})
