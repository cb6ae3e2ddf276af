/**
 * Figures of a process for whoever watches it, in the text format of Prometheus (exposition format 0.0.4). Counters are
 * told what happens; everything else is read at the moment somebody asks.
 */
export type Labels = Readonly<Record<string, string>>

/** One line of a figure: its value under these labels. */
export interface Sample {
  readonly labels?: Labels
  readonly value: number
}

interface Family {
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  readonly read: () => readonly Sample[]
}

/** The value of a counter under some labels; to be kept where it is counted often. */
export interface Tally {
  value: number
}

/** Only ever goes up. */
export class Counter {
  readonly #samples = new Map<string, { readonly labels: Labels; value: number }>()

  add(labels: Labels = {}, by = 1): void {
    this.tally(labels).value += by
  }

  tally(labels: Labels): Tally {
    const key = labelText(labels)
    const sample = this.#samples.get(key) ?? { labels, value: 0 }
    this.#samples.set(key, sample)
    return sample
  }

  samples(): readonly Sample[] {
    return [...this.#samples.values()]
  }
}

export class Metrics {
  readonly #families = new Map<string, Family>()

  /** `name` ends in `_total`. */
  counter(name: string, help: string): Counter {
    const counter = new Counter()
    this.#families.set(name, { kind: 'counter', help, read: () => counter.samples() })
    return counter
  }

  /** A count that somebody else keeps. */
  readCounter(name: string, help: string, read: () => number): void {
    this.#families.set(name, { kind: 'counter', help, read: () => [{ value: read() }] })
  }

  /** What is so at this moment. */
  gauge(name: string, help: string, read: () => number | readonly Sample[]): void {
    const samples = (): readonly Sample[] => {
      const now = read()
      return typeof now === 'number' ? [{ value: now }] : now
    }
    this.#families.set(name, { kind: 'gauge', help, read: samples })
  }

  /** All of it, as `GET /metrics` says it. */
  write(): string {
    return [...this.#families].map(([name, family]) => writeFamily(name, family)).join('')
  }
}

function writeFamily(name: string, { kind, help, read }: Family): string {
  const lines = read().map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
