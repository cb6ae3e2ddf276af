import type { Terminal } from '../terminal.ts'

export interface Progress {
  /** One question is asked, or is over. */
  readonly show: (probe: { readonly model: string; readonly name: string; readonly isOver: boolean }) => void
  /** Takes the line away. */
  readonly rest: () => void
}

/** One line on stderr that redraws, where that is a terminal; nothing elsewhere. */
export function showProgress({ isLive, err, style }: Terminal, planned: number): Progress {
  const asked = new Set<string>()
  let over = 0
  const draw = (text: string): void => {
    if (isLive) err(`\r\u001b[2K${text}`)
  }
  return {
    show: ({ model, name, isOver }) => {
      const what = `${model} (${name})`
      if (isOver) asked.delete(what)
      else asked.add(what)
      over += isOver ? 1 : 0
      draw(style.dim(`${over} of ${planned}: ${[...asked].join(', ')}`.slice(0, 78)))
    },
    rest: () => {
      draw('')
    },
  }
}
