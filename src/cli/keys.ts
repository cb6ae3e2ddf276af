import { randomBytes } from 'node:crypto'
import { ConfigError } from '../chat/errors.ts'
import { digestKey, shortestKey } from '../config/key-digest.ts'
import type { Terminal } from './terminal.ts'

const keyBytes = 32

/** Makes a key that nobody can guess; it is shown this once. */
export function printNewKey(terminal: Terminal): void {
  const key = `mk_${randomBytes(keyBytes).toString('base64url')}`
  terminal.err(terminal.style.dim('The key, for the caller; it is kept nowhere:\n'))
  terminal.out(`${key}\n`)
  terminal.err(terminal.style.dim('Its hash, for "keys" in the config:\n'))
  terminal.out(`${digestKey(key)}\n`)
}

/** The hash of a key that exists, as the config wants it. */
export function printKeyHash(key: string, terminal: Terminal): void {
  if (key.length < shortestKey) {
    throw new ConfigError(`A key of under ${shortestKey} characters can be guessed; take the one of "mollmr keys new".`)
  }
  terminal.out(`${digestKey(key)}\n`)
}
