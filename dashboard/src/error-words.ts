/** Error codes in words: those of the page that documents them. */
import page from '../../docs/errors.md?raw'

/** A row of its table: code, status, what it means, what to do. */
const row = /^\| `(\w+)` \| \d+ \| (.+?) \| (.+?) \|$/gm

const meanings: ReadonlyMap<string, string> = new Map(
  [...page.matchAll(row)].map(([, code = '', meaning = '']) => [code, meaning.replaceAll('`', '')]),
)

/** What a code means; the code itself where it is not documented. */
export function meaningOf(code: string): string {
  return meanings.get(code) ?? code
}
