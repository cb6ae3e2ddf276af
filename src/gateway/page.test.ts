import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSayingModel } from '../testing/fake-model.ts'
import { runGateway, type RunningGateway } from '../testing/run-gateway.ts'

let gateway: RunningGateway

beforeAll(async () => {
  gateway = await runGateway([createSayingModel('m', 'Hi')])
})

afterAll(async () => {
  await gateway.close()
})

async function load(path: string): Promise<{ readonly response: Response; readonly text: string }> {
  const response = await fetch(gateway.url + path)
  return { response, text: await response.text() }
}

describe('the page (built by npm ci, or npm run build -w dashboard)', () => {
  it('is asked for anew each time, runs no script but its own and is framed by nobody', async () => {
    const { response, text } = await load('/')
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-cache'])
    expect(text).toContain('<title>MoLLMR</title>')
    expect(text).not.toMatch(/<script(?![^>]* src=)/)
    const policy = response.headers.get('content-security-policy')
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
      expect(policy).toContain(part)
  })

  it('has files that are kept for ever, because their names change with them', async () => {
    const { text } = await load('/')
    const names = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name = '']) => name)
    expect(names.map((name) => name.slice(name.lastIndexOf('.'))).sort()).toEqual(['.css', '.js'])
    for (const name of names) {
      const { response } = await load(name)
      expect([response.status, response.headers.get('cache-control')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
      ])
    }
  })

  it.each(['/assets/none.js', '/assets/..%2F..%2Fpackage.json', '/assets/%2e%2e%2findex.html'])(
    'has no file %s',
    async (path) => {
      const { response, text } = await load(path)
      expect(response.status).toBe(404)
      expect(JSON.parse(text)).toMatchObject({ error: { code: 'route_not_found' } })
    },
  )
})
