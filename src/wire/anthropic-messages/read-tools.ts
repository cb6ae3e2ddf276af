/** Tools and the choice among them, from Anthropic's form to OpenAI's. */
import { isObject } from '../../chat/loose-json.ts'

export interface ReadTools {
  readonly tools: readonly object[]
  /** The types of those that run on Anthropic's own servers. */
  readonly dropped: readonly string[]
}

/** A tool with a schema is the caller's own; one without is Anthropic's. */
export function readTools(written: unknown): ReadTools {
  const all = Array.isArray(written) ? written.filter(isObject) : []
  const own = all.filter((tool) => isObject(tool['input_schema']))
  const others = all.filter((tool) => !own.includes(tool)).map(({ type, name }) => String(type ?? name))
  return { tools: own.map(readTool), dropped: others.map((type) => `tools: ${type}`) }
}

function readTool({ name, description, input_schema: parameters, strict }: Record<string, unknown>): object {
  return {
    type: 'function',
    function: {
      name,
      ...(typeof description === 'string' ? { description } : {}),
      parameters,
      ...(typeof strict === 'boolean' ? { strict } : {}),
    },
  }
}

/** `tool_choice` and `parallel_tool_calls` of the OpenAI body. */
export function readToolChoice(choice: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(choice)) return {}
  const parallel = choice['disable_parallel_tool_use'] === true ? { parallel_tool_calls: false } : {}
  switch (choice['type']) {
    case 'any':
      return { tool_choice: 'required', ...parallel }
    case 'tool':
      return { tool_choice: { type: 'function', function: { name: choice['name'] } }, ...parallel }
    case 'none':
      return { tool_choice: 'none' }
    default:
      return { tool_choice: 'auto', ...parallel }
  }
}
