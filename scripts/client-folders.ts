/** Where the clients of `npm run test:clients` are pinned and installed. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const clientsFolder = join(import.meta.dirname, '../test/clients')

/** A short hash of a file that pins clients: another one means that they have to be installed anew. */
export function pinnedIn(file: 'package-lock.json' | 'requirements.txt'): string {
  return createHash('sha256')
    .update(readFileSync(join(clientsFolder, file)))
    .digest('hex')
    .slice(0, 16)
}

/** The clients from PyPI and all that they need, kept once for the machine: a folder for `PYTHONPATH`. */
export function pythonFolder(): string {
  return join(homedir(), '.cache', 'mollmr', `python-clients-${pinnedIn('requirements.txt')}`)
}
