import type { Style } from '../terminal.ts'
import type { Finding, Mark } from './finding.ts'
import type { ModelReport } from './probe-models.ts'
import { failuresIn, type Report } from './report.ts'

/** The report for a person: groups of short lines with a mark, and below them what to do. */
export function describeReport(report: Report, style: Style): string {
  const { config, port, upstreams, models, consequences, machine } = report
  const width = Math.max(0, ...[...upstreams, ...models, ...consequences].map(({ id }) => id.length))
  const named = (id: string, finding: Finding): string[] => linesOf({ ...finding, name: id.padEnd(width) }, style)
  const plain = (finding: Finding): string[] => linesOf(finding, style)
  const groups: readonly (readonly [title: string, lines: readonly string[]])[] = [
    ['config', config.flatMap(plain)],
    ['port', port ? plain(port) : []],
    ['upstreams', upstreams.flatMap(({ id, url, finding }) => named(id, withAddress(finding, url)))],
    ['models', models.flatMap((model) => findingsOf(model).flatMap((finding) => named(model.id, finding)))],
    ['mixtures and router', consequences.flatMap(({ id, ...finding }) => named(id, finding))],
    ['this machine', machine.flatMap(plain)],
  ]
  const shown = groups.filter(([, lines]) => lines.length > 0)
  const texts = shown.map(([title, lines]) => [style.bold(title), ...lines.map((line) => `  ${line}`)].join('\n'))
  return [...texts, verdictOn(report, style)].join('\n\n')
}

const marks: Readonly<Record<Mark, { readonly sign: string; readonly colour: keyof Style }>> = {
  ok: { sign: '✓', colour: 'green' },
  no: { sign: '–', colour: 'dim' },
  warning: { sign: '!', colour: 'yellow' },
  failed: { sign: '✗', colour: 'red' },
  skipped: { sign: '·', colour: 'dim' },
}

interface Line extends Finding {
  readonly name?: string
}

function linesOf({ mark, name, message, code, todo }: Line, style: Style): string[] {
  const { sign, colour } = marks[mark]
  const what = [name, onOneLine(message), ...(code === null ? [] : [style.dim(code)])].filter(
    (part) => part !== undefined,
  )
  return [`${style[colour](sign)} ${what.join('  ')}`, ...(todo === null ? [] : [`  -> ${onOneLine(todo)}`])]
}

function withAddress(finding: Finding, url: string | null): Finding {
  return url === null ? finding : { ...finding, message: `${url}: ${finding.message}` }
}

/** What went well in one line, everything else in one of its own. A model that does not answer has nothing else to say. */
function findingsOf({ checks: { answer, tools, json } }: ModelReport): readonly Finding[] {
  const more = [tools, json].filter(({ mark }) => mark !== 'skipped')
  const well = more.filter(({ mark }) => mark === 'ok').map(({ message }) => message)
  const rest = more.filter(({ mark }) => mark !== 'ok')
  return [{ ...answer, message: [answer.message, ...well].join('; ') }, ...rest]
}

/** What servers say may hold whatever a terminal obeys. */
function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
}

function verdictOn(report: Report, style: Style): string {
  const failures = failuresIn(report)
  if (failures === 0) return style.green('Nothing failed.')
  return style.red(failures === 1 ? '1 thing failed.' : `${failures} things failed.`)
}
