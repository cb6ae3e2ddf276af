#!/usr/bin/env node
/** The door of the command line: says in one line when Node is too old, before anything is loaded that it could not read. */
import process from 'node:process'

const needed = [22, 19] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `mollmr needs Node ${needed.join('.')} or newer; this is ${process.versions.node}. Install it from https://nodejs.org`,
  )
  process.exitCode = 1
} else {
  const { holdYoungSpace } = await import('./heap-growth.ts')
  holdYoungSpace()
  const { runProgram } = await import('./program.ts')
  process.exitCode = await runProgram(process.argv.slice(2))
}
