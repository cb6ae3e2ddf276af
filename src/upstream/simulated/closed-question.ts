/** Closed questions that can really be solved: "What is 6 times 7?", "12 + 30", "the sum of three and four". */
import { evaluate } from './arithmetic.ts'

/** The number that a question comes to; null where it is not a small calculation. */
export function solve(question: string): number | null {
  const calculation = inSymbols(question)
  const candidates = calculation.match(/[(-]*\d[\d\s.+*/()-]*/g) ?? []
  const expressions = candidates.map(trimmed).filter((text) => hasOperator.test(text))
  const [longest] = expressions.sort((a, b) => b.length - a.length)
  if (longest === undefined || longest.length < shareOfExpression * calculation.length) return null
  return evaluate(longest)
}

/** A date inside a long text is no calculation. */
const shareOfExpression = 0.1
const hasOperator = /[\d)]\s*[-+*/]\s*[-(\d]/

/** An expression ends with a number, not with the sentence's full stop. */
function trimmed(text: string): string {
  return text.replace(/[\s.+*/(-]+$/, '').trim()
}

const number = String.raw`(-?\d+(?:\.\d+)?)`

/** Forms in words and how they are written with symbols; `$1` and `$2` are numbers. */
const forms: readonly (readonly [pattern: RegExp, symbols: string])[] = [
  [new RegExp(String.raw`\b(?:sum of|add) ${number} (?:and|to) ${number}`, 'g'), '($1 + $2)'],
  [new RegExp(String.raw`\bproduct of ${number} and ${number}`, 'g'), '($1 * $2)'],
  [new RegExp(String.raw`\bmultiply ${number} (?:by|and|with) ${number}`, 'g'), '($1 * $2)'],
  [new RegExp(String.raw`\bdifference (?:between|of) ${number} and ${number}`, 'g'), '($1 - $2)'],
  [new RegExp(String.raw`\bsubtract ${number} from ${number}`, 'g'), '($2 - $1)'],
  [new RegExp(String.raw`\bdivide ${number} by ${number}`, 'g'), '($1 / $2)'],
  [new RegExp(String.raw`${number}\s*(?:%|percent) of ${number}`, 'g'), '($1 / 100 * $2)'],
  [new RegExp(String.raw`\bhalf of ${number}`, 'g'), '($1 / 2)'],
  [new RegExp(String.raw`\b(?:double|twice) ${number}`, 'g'), '(2 * $1)'],
  [new RegExp(String.raw`${number} squared\b`, 'g'), '($1 * $1)'],
  [/\s*(?:\btimes\b|\bmultiplied by\b|[×·]|(?<=\d\s*)x(?=\s*\d))\s*/g, ' * '],
  [/\s*(?:\bdivided by\b|\bover\b|÷)\s*/g, ' / '],
  [/\s*\bplus\b\s*/g, ' + '],
  [/\s*(?:\bminus\b|−)\s*/g, ' - '],
]

function inSymbols(question: string): string {
  const digits = withDigits(question.toLowerCase())
    .replaceAll(/(?<=\d),(?=\d{3}\b)/g, '')
    .replaceAll(/\b\d{4}-\d{2}-\d{2}\b/g, '')
  return forms.reduce((text, [pattern, symbols]) => text.replaceAll(pattern, symbols), digits)
}

const units =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const tens = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const scales: Readonly<Record<string, number>> = { hundred: 100, thousand: 1000 }
const written = new RegExp(
  String.raw`\b(?:(${tens.join('|')})(?:[- ](${units.slice(1, 10).join('|')}))?|(${units.join('|')}))(?: (${Object.keys(scales).join('|')}))?\b`,
  'g',
)

/** "twenty-one" becomes "21", "three hundred" becomes "300". */
function withDigits(text: string): string {
  return text.replaceAll(written, (_, ...groups: (string | undefined)[]) => {
    const [ten = '', one = 'zero', unit, scale = ''] = groups
    const small = unit === undefined ? (tens.indexOf(ten) + 2) * 10 + units.indexOf(one) : units.indexOf(unit)
    return String(small * (scales[scale] ?? 1))
  })
}
