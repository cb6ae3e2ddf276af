import type { Catalog } from '../catalog/catalog.ts'
import type { ChatRequest } from '../chat/chat-request.ts'
import { type KeyHolder, requirePermission } from './key-ring.ts'

/**
 * For the model that is asked, and for every one that the request names to take part.
 *
 * @throws AccessError where the key is for other models only
 */
export function requirePermissions(
  holder: KeyHolder | undefined,
  catalog: Catalog,
  { body, options }: ChatRequest,
): void {
  if (holder?.models === undefined) return
  const { mixture, aggregate, workers = [] } = options
  for (const id of [body.model, mixture, aggregate, ...workers]) {
    if (id !== undefined) requirePermission(holder, catalog.find(id).id)
  }
}
