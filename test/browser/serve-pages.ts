/** Pages for a browser: an empty one at every path, and the modules of `node_modules`, as a bundler's server would give them. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'

export interface Pages {
  readonly origin: string
  close(): Promise<void>
}

const root = join(import.meta.dirname, '../..')
const modules = '/node_modules/'
const page = '<!doctype html><title>A page</title>'

/** Serves them on a free port of the loopback: every port is an origin of its own. */
export async function servePages(): Promise<Pages> {
  const server = createServer((request, response) => {
    const path = normalize(request.url ?? '/')
    if (!path.startsWith(modules)) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(page)
      return
    }
    readFile(join(root, path)).then(
      (text) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(text),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}
