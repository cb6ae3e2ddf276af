/** Changes YAML that somebody has written, for the settings of clients: this room knows YAML. */
import { isNode, isSeq, type Node, parseDocument, type YAMLSeq } from 'yaml'
import { ConfigError } from '../chat/errors.ts'

export interface YamlChange {
  readonly path: readonly (string | number)[]
  readonly value: unknown
  /** True where the value is to stand before the element of a list that the path names. */
  readonly inserts: boolean
}

/** @throws ConfigError where it is no YAML */
export function readPlainYaml(text: string): unknown {
  return documentOf(text).toJS()
}

/** Comments and layout stay, but for the indentation of lists. */
export function editYaml(text: string, changes: readonly YamlChange[]): string {
  const document = documentOf(text)
  for (const { path, value, inserts } of changes) {
    const list: unknown = inserts ? document.getIn(path.slice(0, -1)) : undefined
    if (isSeq(list)) insertInto(list, Number(path.at(-1)), document.createNode(value))
    else document.setIn(path, document.createNode(value))
  }
  return document.toString({ lineWidth: 0 })
}

/** A comment above a list is one of its first element, and stays there. */
function insertInto(list: YAMLSeq, index: number, node: Node): void {
  const [first] = list.items
  if (index === 0 && isNode(first) && first.commentBefore == null) {
    first.commentBefore = list.commentBefore ?? null
    list.commentBefore = null
  }
  list.items.splice(index, 0, node)
}

function documentOf(text: string): ReturnType<typeof parseDocument> {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) throw new ConfigError(error.message.split('\n')[0] ?? '')
  return document
}
