/** `/v1/responses/{id}`: the responses that are kept for `previous_response_id`, for whoever was given them. */
import type { FastifyRequest } from 'fastify'
import { RequestError } from '../chat/errors.ts'
import type { ResponseShelf } from '../wire/openai-responses/response-shelf.ts'

/** @throws RequestError `response_not_found`, also where the response is somebody else's */
export function showResponse(shelf: ResponseShelf, request: FastifyRequest): Readonly<Record<string, unknown>> {
  const { stream } = request.query as { readonly stream?: string }
  if (stream === 'true') {
    const message = 'A response that has ended is not streamed again: leave stream out.'
    throw new RequestError('unsupported_parameter', message, { param: 'stream' })
  }
  const id = idOf(request)
  return shelf.find(id, request.keyHolder?.name)?.response ?? refuse(id)
}

/** Forgets it here; an upstream that keeps it too is not asked to. @throws RequestError as `showResponse` does */
export function forgetResponse(shelf: ResponseShelf, request: FastifyRequest): Readonly<Record<string, unknown>> {
  const id = idOf(request)
  if (!shelf.forget(id, request.keyHolder?.name)) refuse(id)
  return { id, object: 'response', deleted: true }
}

function idOf({ params }: FastifyRequest): string {
  return (params as { readonly id: string }).id
}

function refuse(id: string): never {
  const message = `There is no response "${id}"; the latest are kept, unless store is false, until a restart.`
  throw new RequestError('response_not_found', message, { param: 'response_id' })
}
