import { describe, expect, it } from 'vitest'
import { CancelledError, UpstreamError } from './errors.ts'
import { abortErrorOf, linkAbort, throwIfAborted } from './link-abort.ts'

describe('linkAbort', () => {
  it('follows its parent, with the same reason', () => {
    const parent = new AbortController()
    const link = linkAbort(parent.signal)
    const reason = new UpstreamError('upstream_timeout', 'too slow')
    parent.abort(reason)
    expect(link.signal.aborted).toBe(true)
    expect(abortErrorOf(link.signal)).toBe(reason)
  })

  it('is aborted at once where the parent already is', () => {
    expect(linkAbort(AbortSignal.abort(new CancelledError())).signal.aborted).toBe(true)
  })

  it('ends alone without touching its parent', () => {
    const parent = new AbortController()
    const link = linkAbort(parent.signal)
    link.abort(new CancelledError())
    expect(link.signal.aborted).toBe(true)
    expect(parent.signal.aborted).toBe(false)
  })

  it('no longer follows once it is released', () => {
    const parent = new AbortController()
    const link = linkAbort(parent.signal)
    link.release()
    parent.abort(new CancelledError())
    expect(link.signal.aborted).toBe(false)
  })
})

describe('abortErrorOf', () => {
  it('makes a CancelledError of a foreign reason', () => {
    expect(abortErrorOf(AbortSignal.abort('bye'))).toMatchObject({ code: 'client_closed', cause: 'bye' })
  })

  it('is what throwIfAborted throws', () => {
    expect(() => {
      throwIfAborted(AbortSignal.abort())
    }).toThrow(CancelledError)
    expect(() => {
      throwIfAborted(new AbortController().signal)
    }).not.toThrow()
  })
})
