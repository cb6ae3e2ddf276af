import { describe, expect, it } from 'vitest'
import { CancelledError } from '../../chat/errors.ts'
import { FakeClock } from '../../testing/fake-clock.ts'
import { readErrorBody } from './read-error-body.ts'

/** A body that brings these pieces, then goes on as `ending` does until it is closed. */
class Body {
  isClosed = false
  readonly #pieces: Buffer[]
  readonly #ending: () => Promise<Buffer | null>
  #leave: (error: Error) => void = () => undefined

  constructor(pieces: readonly string[], ending: () => Promise<Buffer | null>) {
    this.#pieces = pieces.map((piece) => Buffer.from(piece))
    this.#ending = ending
  }

  read(): Promise<Buffer | null> {
    const next = this.#pieces.shift()
    if (next) return Promise.resolve(next)
    const left = new Promise<never>((_, reject) => {
      this.#leave = reject
    })
    return Promise.race([this.#ending(), left])
  }

  close(): void {
    this.isClosed = true
    this.#leave(new CancelledError())
  }
}

const hanging = (): Promise<never> => new Promise(() => undefined)

describe("a failure's body", () => {
  it.each([
    ['to its end', (): Promise<null> => Promise.resolve(null)],
    ['to where the connection breaks', (): Promise<never> => Promise.reject(new Error('ECONNRESET'))],
  ])('is read %s', async (_, ending) => {
    const clock = new FakeClock()
    const body = new Body(['{"error":', '"No."}'], ending)
    expect(await readErrorBody(body, clock)).toBe('{"error":"No."}')
    expect([body.isClosed, clock.pending]).toEqual([true, 0])
  })

  it('is waited for a second', async () => {
    const clock = new FakeClock()
    const body = new Body(['half'], hanging)
    let text: string | null = null
    const reading = readErrorBody(body, clock).then((read) => {
      text = read
    })
    await clock.advance(999)
    expect(text).toBeNull()
    await clock.advance(1)
    await reading
    expect([text, body.isClosed]).toEqual(['half', true])
  })

  it('is left where 64 KiB of it are read', async () => {
    const clock = new FakeClock()
    const body = new Body(
      Array.from({ length: 100 }, () => 'x'.repeat(1000)),
      hanging,
    )
    expect(await readErrorBody(body, clock)).toBe('x'.repeat(64 * 1024))
    expect([body.isClosed, clock.pending]).toEqual([true, 0])
  })

  it('is no longer wanted where the call has ended', async () => {
    const body = new Body([], () => Promise.reject(new CancelledError()))
    await expect(readErrorBody(body, new FakeClock())).rejects.toMatchObject({ code: 'client_closed' })
    expect(body.isClosed).toBe(true)
  })
})
