/** Who may ask: the keys of the config, and the one that a request shows. */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AccessError } from '../../chat/errors.ts'
import type { KeyConfig } from '../../config/config.ts'
import { digestKey } from '../../config/key-digest.ts'

/** What is known of a caller with a good key. */
export type KeyHolder = Pick<KeyConfig, 'name' | 'models' | 'budget'>

/** Compared with where no digest fits, so that a wrong key takes as long as a right one. */
const nobody: KeyConfig = { name: '', digest: digestKey('') }

export class KeyRing {
  readonly #byDigest: ReadonlyMap<string, KeyConfig>

  constructor(keys: readonly KeyConfig[]) {
    this.#byDigest = new Map(keys.map((key) => [key.digest, key]))
  }

  /** True where there are no keys: everybody may ask. */
  get isOpen(): boolean {
    return this.#byDigest.size === 0
  }

  /** Whose key a request shows, as `authorization: Bearer`, `x-api-key` or `x-goog-api-key`; undefined: nobody's. */
  find(headers: IncomingHttpHeaders): KeyHolder | undefined {
    const holders = shownKeys(headers).map((key) => this.#holderOf(key))
    return holders.find((holder) => holder !== undefined)
  }

  #holderOf(key: string): KeyHolder | undefined {
    const digest = digestKey(key)
    const found = this.#byDigest.get(digest) ?? nobody
    const isRight = timingSafeEqual(Buffer.from(digest), Buffer.from(found.digest))
    return isRight && found !== nobody ? found : undefined
  }
}

/** @throws AccessError where the key is not for all of these */
export function requirePermissions(holder: KeyHolder | undefined, ids: readonly string[]): void {
  const refused = ids.find((id) => !mayAsk(holder, id))
  if (refused === undefined) return
  throw new AccessError('model_not_allowed', `The key "${holder?.name ?? ''}" may not ask "${refused}".`)
}

export function mayAsk(holder: KeyHolder | undefined, id: string): boolean {
  return holder?.models?.includes(id) ?? true
}

function shownKeys(headers: IncomingHttpHeaders): string[] {
  const [, bearer] = /^bearer +(.+)$/i.exec(headers.authorization ?? '') ?? []
  return [bearer, headers['x-api-key'], headers['x-goog-api-key']].filter((key) => typeof key === 'string')
}
