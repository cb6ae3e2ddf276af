import { randomUUID } from 'node:crypto'

/** The id of a request, as `x-request-id` and its trace tell it. Node keeps UUIDs in stock: cheaper than random bytes. */
export function createRequestId(): string {
  return `req_${randomUUID()}`
}
