import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../../chat/errors.ts'
import { findProvider, type ProviderPackage } from './load-provider.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mollmr-provider-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function install(name: string, source: string): void {
  const path = join(folder, 'node_modules', name)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, type: 'module', exports: './index.js' }))
  writeFileSync(join(path, 'index.js'), source)
}

function load(provider: Partial<ProviderPackage> & { readonly name: string }): Promise<unknown> {
  return findProvider({ options: {}, ...provider }, 'mine', folder)('big', fetch)
}

const model = `(modelId) => ({ specificationVersion: 'v4', modelId, options })`

describe('a provider package', () => {
  it('that is missing is an error at once, with the command that installs it', () => {
    const find = (name: string) => () => findProvider({ name, options: {} }, 'mine', folder)
    expect(find('@ai-sdk/nowhere')).toThrow(ConfigError)
    expect(find('@ai-sdk/nowhere')).toThrow(/Upstream "mine" needs.*npm install @ai-sdk\/nowhere$/)
    expect(find('./nowhere.mjs')).toThrow('Check the path.')
  })

  it('is found in the folder, and gets its options and our fetch', async () => {
    install('@acme/big-cloud', `export const createBigCloud = (options) => ${model}`)
    const loaded = await load({ name: '@acme/big-cloud', options: { region: 'here' } })
    expect(loaded).toMatchObject({ modelId: 'big', options: { region: 'here', fetch } })
  })

  it('may be a file, and may give its models by a method', async () => {
    writeFileSync(join(folder, 'ours.mjs'), `export const createOurs = (options) => ({ languageModel: ${model} })`)
    expect(await load({ name: './ours.mjs' })).toMatchObject({ modelId: 'big' })
  })

  it('with several factories is made by the one named after it, or the one that is named', async () => {
    const source = `export const createA = () => (modelId) => ({ specificationVersion: 'v4', modelId, by: 'A' })
      export const createTwo = () => (modelId) => ({ specificationVersion: 'v4', modelId, by: 'Two' })`
    install('two', source)
    expect(await load({ name: 'two' })).toMatchObject({ by: 'Two' })
    expect(await load({ name: 'two', factory: 'createA' })).toMatchObject({ by: 'A' })
    await expect(load({ name: 'two', factory: 'createB' })).rejects.toThrow('one of createA, createTwo')
  })

  it('of an older specification, or of none, is refused by its version', async () => {
    install('old', `export const createOld = () => () => ({ specificationVersion: 'v2' })`)
    install('other', `export const createOther = () => ({})`)
    await expect(load({ name: 'old' })).rejects.toThrow('the package old has version v2')
    await expect(load({ name: 'other' })).rejects.toThrow('the package other has none')
  })

  it('without a factory is refused', async () => {
    install('nothing', 'export const answer = 42')
    await expect(load({ name: 'nothing' })).rejects.toThrow('no export that begins with "create"')
  })
})
