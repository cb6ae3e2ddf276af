/** Worker states on stderr while an answer forms: lines that redraw on a terminal, one line per change when piped. */
import type { SpanRecord, Trace, TraceEvent } from '../trace/trace.ts'
import type { Style, Terminal } from './terminal.ts'

export interface WorkerLines {
  /** Leaves the lines as they stand, so that the answer can follow below them. */
  rest(): void
}

const shownStages: ReadonlySet<string> = new Set(['route', 'worker', 'aggregate'])

export function showWorkers(trace: Trace, terminal: Terminal): WorkerLines {
  const lines = terminal.isLive ? new LiveLines(terminal) : new PlainLines(terminal)
  const stop = trace.listen((event) => {
    if (!shownStages.has(event.span.stage) || event.type === 'draft' || event.type === 'said') return
    lines.show(event)
  })
  return {
    rest: () => {
      stop()
      lines.rest()
    },
  }
}

interface Lines {
  show(event: TraceEvent): void
  rest(): void
}

class PlainLines implements Lines {
  readonly #terminal: Terminal

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(event: TraceEvent): void {
    if (event.type === 'note' && event.note.event !== 'first_content') return
    this.#terminal.err(`${lineOf(event.span, this.#terminal.style)}\n`)
  }

  rest(): void {
    // Every line is out already.
  }
}

class LiveLines implements Lines {
  readonly #terminal: Terminal
  readonly #spans = new Map<number, SpanRecord>()
  #drawn = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show({ span }: TraceEvent): void {
    this.#spans.set(span.id, span)
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : ''
    const lines = [...this.#spans.values()].map((each) => `\u001b[2K${lineOf(each, this.#terminal.style)}\n`)
    this.#terminal.err(up + lines.join(''))
    this.#drawn = lines.length
  }

  rest(): void {
    this.#drawn = 0
  }
}

function lineOf(span: SpanRecord, style: Style): string {
  const name = `${span.stage} ${style.bold(span.name)}`
  if (span.endedMs !== null) {
    const seconds = `${((span.endedMs - span.startedMs) / 1000).toFixed(1)} s`
    return span.outcome === 'ok'
      ? `${style.green('✓')} ${name} ${seconds}`
      : `${style.red('✗')} ${name} ${seconds}, ${span.outcome ?? ''}`
  }
  const isWriting = span.notes.some((note) => note.event === 'first_content')
  return `${style.yellow(isWriting ? '…' : '·')} ${name} ${isWriting ? 'writes' : 'thinks'}`
}
