import { createServer } from 'node:net'

/** Why nobody can listen there now, as Node names it (`EADDRINUSE`); null where a gateway could. */
export function findBindProblem(address: { readonly host: string; readonly port: number }): Promise<string | null> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      resolve(code ?? message)
    })
    server.listen({ ...address, exclusive: true }, () => {
      server.close(() => {
        resolve(null)
      })
    })
  })
}
