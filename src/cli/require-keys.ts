import { ConfigError } from '../chat/errors.ts'
import type { Config } from '../config/config.ts'

/** @throws ConfigError where other machines could ask without a key */
export function requireKeys({ keys }: Config, host: string): void {
  if (keys.length > 0 || isLoopback(host)) return
  throw new ConfigError(
    `Anybody who reaches ${host} could ask, at your expense: there are no keys. Make one with "mollmr keys new" and put ` +
      'its hash into the config, listen on 127.0.0.1, or say --insecure-no-auth.',
  )
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}
