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

it('hands on what goes wrong before a route is found, like everything else', async () => {
  const heard: unknown[] = []
  const framework = createHttpServer({ maxBodyBytes: 1000 }, (thrown, _request, reply) => {
    heard.push((thrown as { readonly code: string }).code)
    void reply.code(500).send('ours')
  })
  framework.get('/here', () => {
    throw Object.assign(new Error('Oh.'), { code: 'OH' })
  })
  const answers = [await framework.inject('/%zz'), await framework.inject('/here')]
  expect(answers.map(({ body }) => body)).toEqual(['ours', 'ours'])
  expect(heard).toEqual(['FST_ERR_BAD_URL', 'OH'])
  await framework.close()
})

it('waits as long as it is told', async () => {
  const patience = { headersMs: 100, requestMs: 200 }
  const framework = createHttpServer({ maxBodyBytes: 1000, patience }, () => undefined)
  expect([framework.server.headersTimeout, framework.server.requestTimeout]).toEqual([100, 200])
  await framework.close()
})
