import type { Clock } from '../chat/clock.ts'
import { createCatalog } from '../catalog/create-catalog.ts'
import { createEngines } from '../catalog/engines.ts'
import { parseConfig } from '../config/parse-config.ts'
import { createGateway } from '../gateway/gateway.ts'
import { KeyRing } from '../gateway/edge/key-ring.ts'
import { type RunningGateway, runServer } from './run-gateway.ts'

/** A gateway as its config means it, on a free port of the loopback. */
export async function runConfig(
  text: string,
  env: Readonly<Record<string, string>> = {},
  options: { readonly clock?: Clock } = {},
): Promise<RunningGateway> {
  const { config } = parseConfig({ text, path: 'test.yaml', env })
  const engines = createEngines()
  const catalog = createCatalog(config, engines)
  const keys = new KeyRing(config.keys)
  const running = await runServer((hear) =>
    createGateway({
      catalog: () => catalog,
      maxBodyBytes: config.server.maxBodyBytes,
      corsOrigins: config.server.corsOrigins,
      keys: () => keys,
      maxInFlight: config.server.maxInFlight,
      ...options,
      ...hear,
    }),
  )
  return {
    ...running,
    close: async (drainMs) => {
      await running.close(drainMs)
      await engines.close()
    },
  }
}
