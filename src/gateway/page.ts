/** The page at `/` and its files: `npm ci` and `npm run build -w dashboard` make them, a published package has them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { RequestError } from '../chat/errors.ts'

/** In a published package, else where the sources are. */
const folders = ['../dashboard/', '../../dashboard/dist/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
}

/** What a model writes is shown on it: no script but ours runs, nothing is fetched from elsewhere, nobody frames it. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Serves the page to everybody: it holds nothing but itself, and asks for a key where the API wants one. */
export function addPage(server: FastifyInstance): void {
  const files = new PageFiles()
  const open = { config: { isOpen: true } }
  server.get('/', open, (_request, reply) => files.send('index.html', reply))
  server.get('/assets/:name', open, (request, reply) => {
    const { name } = request.params as { readonly name: string }
    return files.send(`assets/${name}`, reply)
  })
}

/** Read once, when the page is first asked for: few gateways show it, and starting must be quick. */
class PageFiles {
  #files: ReadonlyMap<string, Buffer> | undefined

  send(path: string, reply: FastifyReply): FastifyReply {
    this.#files ??= readFiles()
    const file = this.#files.get(path)
    if (!file) throw new RequestError('route_not_found', missing(path, this.#files.size > 0))
    return reply
      .headers({
        'content-type': types[extname(path)] ?? 'application/octet-stream',
        // The names of the others change with what is in them.
        'cache-control': path === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      .send(file)
  }
}

function readFiles(): ReadonlyMap<string, Buffer> {
  const folder = folders.find((path) => existsSync(path))
  if (folder === undefined) return new Map()
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name))
  return new Map(paths.map((path) => [relative(folder, path).replaceAll(sep, '/'), readFileSync(path)]))
}

function missing(path: string, isBuilt: boolean): string {
  if (isBuilt) return `There is no file "${path}".`
  return 'The page is not built: run "npm run build -w dashboard". The API is there all the same, under /v1.'
}
