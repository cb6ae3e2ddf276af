import type { ChatBody } from '../../chat/chat-request.ts'
import { bearsTools } from './bears-tools.ts'
import type { ResolvedMixture } from '../resolved-mixture.ts'

/** Why the workers are not asked and the aggregate answers alone; null where they are. */
export function bypassReason({ workers, tools }: ResolvedMixture, body: ChatBody): 'no_workers' | 'tools' | null {
  if (workers.length === 0) return 'no_workers'
  return tools === 'bypass' && bearsTools(body) ? 'tools' : null
}
