import { basename } from 'node:path'
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import { ConfigError } from '../chat/errors.ts'
import type { ConfigPath, Locate } from './problems.ts'

export interface WrittenYaml {
  readonly value: unknown
  readonly locate: Locate
}

/** Reads YAML and keeps where everything stands. @throws ConfigError with file, line and column of every syntax error */
export function readYaml(text: string, path: string): WrittenYaml {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, logLevel: 'error' })
  const positionOf = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (document.errors.length > 0) {
    const said = document.errors.map((error) => {
      const { line, column } = positionOf(error.pos[0])
      return `${basename(path)}:${line}:${column}: ${error.message.split('\n')[0] ?? ''}`
    })
    throw new ConfigError(said.join('\n'))
  }
  const locate: Locate = (steps) => positionOf(offsetOf(document.contents, steps))
  return { value: toValue(document, path), locate }
}

function toValue(document: ReturnType<typeof parseDocument>, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown
  } catch (cause) {
    throw new ConfigError(`${basename(path)}:1:1: ${(cause as Error).message}`, { cause })
  }
}

/** The offset of the key, or of the element, at the end of the path. */
function offsetOf(root: Node | null, path: ConfigPath): number {
  let node: unknown = root
  let offset = startOf(root)
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (!pair) return offset
      offset = startOf(pair.key)
      node = pair.value
    } else {
      node = elementAt(node, step)
      if (node === undefined) return offset
      offset = startOf(node)
    }
  }
  return offset
}

function elementAt(node: unknown, step: string | number): unknown {
  const items = (node as { readonly items?: readonly unknown[] } | null)?.items
  return typeof step === 'number' ? items?.[step] : undefined
}

function startOf(node: unknown): number {
  return (node as { readonly range?: readonly number[] | null } | null)?.range?.[0] ?? 0
}
