import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FunctionTool,
  LanguageModelV4ProviderTool,
} from '@ai-sdk/provider'
import type { ChatBody } from '../../chat/chat-request.ts'
import { RequestError } from '../../chat/errors.ts'
import { type Fields, fieldsOf } from '../../chat/loose-json.ts'

type Tool = LanguageModelV4FunctionTool | LanguageModelV4ProviderTool

/** The offered tools; nothing where there are none, because some providers refuse an empty list. */
export function toolsOf(tools: readonly unknown[]): Pick<LanguageModelV4CallOptions, 'tools'> {
  return tools.length === 0 ? {} : { tools: tools.map(toolOf) }
}

/** A function; or a tool that the provider itself runs: `{ type: 'provider', id: 'google.google_search', name, args }`. */
function toolOf(tool: unknown, index: number): Tool {
  const { type, function: described, id, name, args } = fieldsOf(tool)
  if (type === 'provider' && typeof id === 'string' && typeof name === 'string')
    return { type: 'provider', id: id as `${string}.${string}`, name, args: { ...fieldsOf(args) } }
  const called = fieldsOf(described)
  if (type === 'function' && typeof called['name'] === 'string') return functionTool(called, called['name'])
  const param = `tools[${index}]`
  const message = `${param} must be a function with a name, or a tool of the provider with an id and a name.`
  throw new RequestError('unsupported_parameter', message, { param })
}

function functionTool({ description, parameters, strict }: Fields, name: string): LanguageModelV4FunctionTool {
  return {
    type: 'function',
    name,
    inputSchema: { type: 'object', properties: {}, ...fieldsOf(parameters) },
    ...(typeof description === 'string' ? { description } : {}),
    ...(typeof strict === 'boolean' ? { strict } : {}),
  }
}

/** A choice means something only where there are tools to choose from. */
export function toolChoiceOf({ tools, tool_choice: choice }: ChatBody): Pick<LanguageModelV4CallOptions, 'toolChoice'> {
  if (!tools?.length || choice === undefined || choice === null) return {}
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { toolChoice: { type: choice } }
  const { type, function: wanted } = fieldsOf(choice)
  const { name } = fieldsOf(wanted)
  if (type === 'function' && typeof name === 'string') return { toolChoice: { type: 'tool', toolName: name } }
  const message = 'tool_choice must be "auto", "none", "required" or a function by its name.'
  throw new RequestError('unsupported_parameter', message, { param: 'tool_choice' })
}
