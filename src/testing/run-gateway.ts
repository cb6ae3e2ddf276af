import { catalogOf } from '../catalog/catalog.ts'
import type { ChatModel } from '../chat/chat-model.ts'
import type { DeadlineLimits } from '../chat/deadline.ts'
import { createGateway, type Gateway, type GatewayOptions } from '../gateway/gateway.ts'
import type { Trace } from '../trace/trace.ts'

export interface RunningGateway {
  readonly url: string
  /** The traces of ended chat requests, oldest first. */
  readonly traces: readonly Trace[]
  /** What went wrong inside. */
  readonly errors: readonly unknown[]
  chat(body: object, init?: RequestInit): Promise<Response>
  /** Cuts what still runs after `drainMs`; at once where it is left out. */
  close(drainMs?: number): Promise<void>
}

export interface RunGatewayOptions extends Partial<Omit<GatewayOptions, 'catalog' | 'onError' | 'onTrace'>> {
  readonly prefix?: string
  readonly deadline?: DeadlineLimits
}

/** A gateway over `models`, on a free port of the loopback. */
export function runGateway(models: readonly ChatModel[], options: RunGatewayOptions = {}): Promise<RunningGateway> {
  const { prefix = 'mollmr/', deadline = {}, ...rest } = options
  const catalog = catalogOf(models, { prefix, deadline })
  return runServer((hear) =>
    createGateway({
      catalog: () => catalog,
      maxBodyBytes: 1024 * 1024,
      corsOrigins: ['*'],
      ...rest,
      ...hear,
    }),
  )
}

/** Starts a gateway that tells what it hears. */
export async function runServer(
  create: (hear: Required<Pick<GatewayOptions, 'onError' | 'onTrace'>>) => Gateway,
): Promise<RunningGateway> {
  const traces: Trace[] = []
  const errors: unknown[] = []
  const gateway = create({ onError: (error) => errors.push(error), onTrace: (trace) => traces.push(trace) })
  const url = await gateway.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    traces,
    errors,
    chat: (body, init) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...init,
      }),
    close: (drainMs = 0) => gateway.close(drainMs),
  }
}
