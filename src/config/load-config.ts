import { readFile } from 'node:fs/promises'
import { ConfigError } from '../chat/errors.ts'
import type { Environment } from './expand-variables.ts'
import { parseConfig, type ParsedConfig } from './parse-config.ts'

/** Reads and resolves a config file. @throws ConfigError where it cannot be read or cannot be meant */
export async function loadConfig(path: string, env: Environment): Promise<ParsedConfig> {
  return parseConfig({ text: await read(path), path, env })
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new ConfigError(`The config file ${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
