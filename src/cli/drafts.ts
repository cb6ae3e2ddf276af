import type { Trace } from '../trace/trace.ts'
import type { Style } from './terminal.ts'

/** What a worker has written, for a person to read. */
export interface ShownDraft {
  readonly worker: string
  /** The round that it is of, from 2 on. */
  readonly layer?: number
  /** `refusal`, `truncated` or `cut_off`. */
  readonly flag?: string
  readonly text: string
}

/** The drafts of a request, in the order in which they come; the list grows while it runs. */
export function collectDrafts(trace: Trace): readonly ShownDraft[] {
  const drafts: ShownDraft[] = []
  trace.listen((event) => {
    if (event.type !== 'draft') return
    const { layer, flag } = event.span.attributes
    const about = { ...(typeof layer === 'number' ? { layer } : {}), ...(typeof flag === 'string' ? { flag } : {}) }
    drafts.push({ worker: event.span.name, ...about, text: event.text.read() })
  })
  return drafts
}

export function describeDrafts(drafts: readonly ShownDraft[], style: Style): string {
  const sections = drafts.map(({ worker, layer, flag, text }) => {
    const round = layer === undefined ? '' : `, round ${layer}`
    const what = flag === undefined ? '' : `, ${flag}`
    return `${style.bold(`draft of ${worker}${round}${what}`)}\n${text}\n`
  })
  return sections.length === 0 ? `${style.bold('no drafts')}\n` : sections.join('\n')
}
