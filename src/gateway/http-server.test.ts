import { expect, it } from 'vitest'
import { createHttpServer } from './http-server.ts'

it('waits 10 s for the headers of a request and 30 s for all of it', async () => {
  const framework = createHttpServer({ maxBodyBytes: 1000 }, () => undefined)
  const { headersTimeout, requestTimeout, maxHeadersCount } = framework.server
  expect({ headersTimeout, requestTimeout, maxHeadersCount }).toEqual({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    maxHeadersCount: 0,
  })
  await framework.close()
})

it('waits as long as it is told', async () => {
  const patience = { headersMs: 100, requestMs: 200 }
  const framework = createHttpServer({ maxBodyBytes: 1000, patience }, () => undefined)
  expect([framework.server.headersTimeout, framework.server.requestTimeout]).toEqual([100, 200])
  await framework.close()
})
