/** Where the commands write to: answers and data on `out`, everything about them on `err`. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** True where `err` is a terminal that can redraw its lines. */
  readonly isLive: boolean
  /** Of what is written to `err`. */
  readonly style: Style
  /** Of what is written to `out`: without colours in a file. */
  readonly outStyle: Style
}

export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}

type Environment = Readonly<Record<string, string | undefined>>

/** The process's own streams. Colours follow NO_COLOR, FORCE_COLOR and whether the stream is a terminal. */
export function createTerminal(streams: Pick<NodeJS.Process, 'stdout' | 'stderr'>, env: Environment): Terminal {
  const isTerminal = ({ isTTY }: { readonly isTTY: boolean }): boolean => isTTY && env['TERM'] !== 'dumb'
  const styleOf = (stream: { readonly isTTY: boolean }): Style =>
    createStyle(env['FORCE_COLOR'] ? true : isTerminal(stream) && !env['NO_COLOR'])
  return {
    out: (text) => streams.stdout.write(text),
    err: (text) => streams.stderr.write(text),
    isLive: isTerminal(streams.stderr),
    style: styleOf(streams.stderr),
    outStyle: styleOf(streams.stdout),
  }
}

/** ANSI codes, or the bare text. */
function createStyle(hasColour: boolean): Style {
  const paint = (code: number) => (text: string) => (hasColour ? `\u001b[${code}m${text}\u001b[0m` : text)
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) }
}
