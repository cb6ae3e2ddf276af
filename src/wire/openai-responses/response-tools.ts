/** Tools of a Responses request as chat functions, and the way back from the name that a model calls. */
import { isObject, textIn } from '../../chat/loose-json.ts'

/** How the caller knows a tool that went to the model as a function. */
export interface KnownTool {
  readonly name: string
  readonly namespace?: string
  /** True for a tool that takes free text instead of JSON. */
  readonly isCustom: boolean
}

export interface ResponseTools {
  readonly functions: readonly object[]
  /** By the name that the model is given. */
  readonly known: ReadonlyMap<string, KnownTool>
  /** The types of those that run on OpenAI's own servers. */
  readonly dropped: readonly string[]
}

const longestName = 64

/** The name that a model is given: that of the namespace before it, as long as servers take one so long. */
export function sentToolName(name: string, namespace: unknown): string {
  if (typeof namespace !== 'string' || namespace === '') return name
  const full = namespace.endsWith('__') ? namespace + name : `${namespace}__${name}`
  return full.length > longestName ? name : full
}

export function readResponseTools(written: unknown): ResponseTools {
  const functions: object[] = []
  const known = new Map<string, KnownTool>()
  const dropped: string[] = []
  const add = (tool: Readonly<Record<string, unknown>>, namespace?: string): void => {
    const name = textIn(tool, 'name')
    const sent = sentToolName(name, namespace)
    const isCustom = tool['type'] === 'custom'
    if (known.has(sent)) return
    known.set(sent, { name, isCustom, ...(namespace === undefined ? {} : { namespace }) })
    functions.push({ type: 'function', function: isCustom ? customFunction(sent, tool) : plainFunction(sent, tool) })
  }
  for (const tool of Array.isArray(written) ? written.filter(isObject) : []) {
    if (isOwn(tool)) add(tool)
    else if (tool['type'] === 'namespace') {
      const inner = Array.isArray(tool['tools']) ? tool['tools'].filter(isObject) : []
      for (const each of inner.filter(isOwn)) add(each, textIn(tool, 'name'))
    } else dropped.push(`tools: ${String(tool['type'])}`)
  }
  return { functions, known, dropped }
}

/** `tool_choice`, and with `allowed_tools` the functions that are left. */
export function readToolChoice(choice: unknown, functions: readonly object[]): Readonly<Record<string, unknown>> {
  const tools = functions
  if (typeof choice === 'string') return { tools, tool_choice: choice }
  if (!isObject(choice)) return { tools }
  switch (choice['type']) {
    case 'function':
    case 'custom': {
      const name = sentToolName(String(choice['name']), choice['namespace'])
      return { tools, tool_choice: { type: 'function', function: { name } } }
    }
    case 'allowed_tools': {
      const allowed = Array.isArray(choice['tools']) ? choice['tools'].filter(isObject) : []
      const names = new Set(allowed.map((tool) => sentToolName(String(tool['name']), tool['namespace'])))
      const left = functions.filter((each) => names.has((each as { function: { name: string } }).function.name))
      return left.length === 0 ? {} : { tools: left, tool_choice: choice['mode'] ?? 'auto' }
    }
    default:
      return { tools, tool_choice: 'auto' }
  }
}

function isOwn({ type }: Readonly<Record<string, unknown>>): boolean {
  return type === 'function' || type === 'custom'
}

function plainFunction(name: string, tool: Readonly<Record<string, unknown>>): object {
  const { description, parameters, strict } = tool
  return {
    name,
    ...(typeof description === 'string' ? { description } : {}),
    ...(isObject(parameters) ? { parameters } : {}),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  }
}

/** Free text is a function of one string; its grammar, where it has one, is told in words. */
function customFunction(name: string, tool: Readonly<Record<string, unknown>>): object {
  const { format } = tool
  const grammar = isObject(format) && typeof format['definition'] === 'string' ? format['definition'] : ''
  const texts = [textIn(tool, 'description'), grammar === '' ? '' : `The input follows this grammar:\n${grammar}`]
  const input = { type: 'string', description: 'The whole input of the tool, as plain text.' }
  return {
    name,
    description: texts.filter((text) => text !== '').join('\n\n'),
    parameters: { type: 'object', properties: { input }, required: ['input'], additionalProperties: false },
  }
}
