import { ConfigError } from '../chat/errors.ts'

export type ConfigPath = readonly (string | number)[]

/** Where something is written: 1-based. */
export interface Position {
  readonly line: number
  readonly column: number
}

export interface Problem {
  readonly path: ConfigPath
  readonly message: string
}

/** Finds the place of a path in the file; of its nearest parent where the path itself is not written. */
export type Locate = (path: ConfigPath) => Position

/** Collects everything that is wrong with a config, so that it can be said at once. */
export class Problems {
  readonly #found: Problem[] = []
  readonly #origin: string
  readonly #locate: Locate

  constructor(origin: string, locate: Locate) {
    this.#origin = origin
    this.#locate = locate
  }

  add(path: ConfigPath, message: string): void {
    this.#found.push({ path, message })
  }

  /** The file and line of a path, for whatever is told about it later. */
  placeOf(path: ConfigPath): string {
    return `${this.#origin}:${this.#locate(path).line}`
  }

  /** @throws ConfigError with a line for each problem, in the order of the file */
  throwIfAny(): void {
    if (this.#found.length === 0) return
    const placed = this.#found.map((problem) => ({ ...problem, ...this.#locate(problem.path) }))
    placed.sort((a, b) => a.line - b.line || a.column - b.column)
    const lines = placed.map(({ path, message, line, column }) => {
      const where = path.length === 0 ? '' : ` ${writePath(path)}`
      return `${this.#origin}:${line}:${column}${where}: ${message}`
    })
    throw new ConfigError(lines.join('\n'))
  }
}

/** `mixtures[0].quorum` */
function writePath(path: ConfigPath): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('')
}
