/** What only single models can do, and what the gateway says to a client that asks for it elsewhere. */
import type { FeatureOptions } from './describe-client.ts'

const reason = 'only a single model embeds'
const refusal = { reason, error: /only single models/ }

export const noEmbeddings: FeatureOptions = {
  refused: { mixture: refusal, router: refusal },
  asks: ['embedder'],
}
