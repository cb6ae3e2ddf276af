import { hash } from 'node:crypto'

/** Characters; a shorter key can be guessed. */
export const shortestKey = 16

const scheme = 'sha256:'
/** Before what is hashed, so that a digest of ours is no digest of anything else. */
const purpose = 'mollmr key\n'

/** What stands for a key in the config: it can be told from it whether a key is right, not what the key is. */
export function digestKey(key: string): string {
  return scheme + hash('sha256', purpose + key, 'hex')
}

export function isKeyDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}
