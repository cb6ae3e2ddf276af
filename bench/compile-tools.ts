import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'

/** What stands around the gateway in a measurement: paths of what can be run. */
export interface Tools {
  /** Answers as the model's name says: see the head of upstream.c. */
  readonly upstream: string
  /** Sends requests in a closed loop and prints one line of JSON. */
  readonly load: string
  /** The yardstick as JavaScript: started from TypeScript it would pay for the stripping of its types. */
  readonly rawProxy: string
}

/** Builds all into bench/bin. The two ends are C, so that they never are what limits a measurement. */
export function compileTools(): Tools {
  const directory = join(import.meta.dirname, 'bin')
  mkdirSync(directory, { recursive: true })
  const compile = (name: string): string => {
    const binary = join(directory, name)
    execFileSync('gcc', ['-O2', '-w', '-o', binary, join(import.meta.dirname, `${name}.c`)], { stdio: 'inherit' })
    return binary
  }
  const rawProxy = join(directory, 'raw-proxy.js')
  const source = readFileSync(join(import.meta.dirname, 'raw-proxy.ts'), 'utf8')
  writeFileSync(rawProxy, stripTypeScriptTypes(source))
  return { upstream: compile('upstream'), load: compile('load'), rawProxy }
}

/** The programs of the system that a measurement needs and this machine lacks. */
export function findMissingTools(): string[] {
  return ['gcc', 'taskset'].filter((program) => {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' })
      return false
    } catch {
      return true
    }
  })
}
