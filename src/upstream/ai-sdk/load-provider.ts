/** Finds a provider package at start and imports it when it is first used: most of a machine's configs never do. */
import { pathToFileURL } from 'node:url'
import type { LanguageModelV4 } from '@ai-sdk/provider'
import { ConfigError } from '../../chat/errors.ts'
import { findPackage } from '../find-package.ts'
import type { Fetch } from './exchange-fetch.ts'

/** A package that implements the language model specification of `@ai-sdk/provider`, and what it is made with. */
export interface ProviderPackage {
  /** Its name on npm, or a file: `./providers/ours.mjs`. */
  readonly name: string
  /** The export that makes the provider. Default: the one that begins with `create`. */
  readonly factory?: string
  /** In the package's own words: `{ region: 'eu-west-1' }`. */
  readonly options: Readonly<Record<string, unknown>>
}

/** Gives the model behind a name; `fetch` is what its calls go out by. */
export type ConnectModel = (name: string, fetch: Fetch) => Promise<LanguageModelV4>

const specification = 'v4'

/**
 * Looks for the package at once; nothing of it is loaded before the first call.
 *
 * @param upstream its id in the config, for messages
 * @param folder where packages are looked for that are not installed beside MoLLMR
 * @throws ConfigError that gives the command which installs it
 */
export function findProvider(provider: ProviderPackage, upstream: string, folder: string): ConnectModel {
  const path = findPackage(provider.name, folder)
  if (path === undefined) throw notInstalled(provider, upstream, folder)
  return async (name, fetch) => {
    const exports = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
    const made = factoryIn(exports, provider, upstream)({ ...provider.options, fetch })
    const model = modelIn(made, name)
    if (isSpecified(model)) return model
    const version = versionOf(model)
    const found = typeof version === 'string' ? `has version ${version}` : 'has none'
    throw new ConfigError(
      `Upstream "${upstream}" needs version ${specification} of the language model specification; the package ${provider.name} ${found}.`,
    )
  }
}

function notInstalled({ name }: ProviderPackage, upstream: string, folder: string): ConfigError {
  const isFile = name.startsWith('.') || name.startsWith('/')
  const advice = isFile ? 'Check the path.' : `Install it there: npm install ${name}`
  return new ConfigError(
    `Upstream "${upstream}" needs the package ${name}, which is neither installed beside MoLLMR nor in ${folder}. ${advice}`,
  )
}

type Maker = (argument: unknown) => unknown

function factoryIn(
  exports: Readonly<Record<string, unknown>>,
  { name, factory }: ProviderPackage,
  upstream: string,
): Maker {
  const candidates = Object.keys(exports).filter((key) => key.startsWith('create') && isMaker(exports[key]))
  const wanted = factory ?? candidates.find((key) => isNamedAfter(key, name)) ?? candidates[0]
  const found = wanted === undefined ? undefined : exports[wanted]
  if (isMaker(found)) return found
  const missing = wanted === undefined ? 'that begins with "create"' : `"${wanted}"`
  const known = candidates.length === 0 ? '' : ` Set factory to one of ${candidates.join(', ')}.`
  throw new ConfigError(`Upstream "${upstream}": the package ${name} has no export ${missing}.${known}`)
}

/** `createAmazonBedrock` belongs to `@ai-sdk/amazon-bedrock`. */
function isNamedAfter(factory: string, packageName: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  return plain(factory) === `create${plain(packageName.slice(packageName.lastIndexOf('/') + 1))}`
}

/** A provider is a function of the model's name, or has one. */
function modelIn(provider: unknown, name: string): unknown {
  const { languageModel } = Object(provider) as { readonly languageModel?: unknown }
  if (isMaker(languageModel)) return languageModel.call(provider, name)
  return isMaker(provider) ? provider(name) : undefined
}

function isMaker(value: unknown): value is Maker {
  return typeof value === 'function'
}

function isSpecified(model: unknown): model is LanguageModelV4 {
  return versionOf(model) === specification
}

function versionOf(model: unknown): unknown {
  return (Object(model) as { readonly specificationVersion?: unknown }).specificationVersion
}
