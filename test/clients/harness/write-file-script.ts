/** The script of a model that an agent asks for a file: it calls whichever tool of the agent writes one, then says that it is done. */
import { callingTool, saying, type ScriptedCall } from '../../../src/testing/fake-upstream.ts'
import { hasResult, type OfferedTool, propertiesOf, toolsOf, type Writer } from './scripted-upstream.ts'

export interface WantedFile {
  readonly path: string
  readonly content: string
}

export const doneText = 'The file is written.'

export function writingFile(file: WantedFile): Writer {
  return (body) => {
    const call = hasResult(body) ? undefined : callFor(toolsOf(body), file)
    return call ? callingTool(call) : saying(doneText)
  }
}

/** What the agents call the path of a file. */
const pathNames = ['file_path', 'filePath', 'filepath', 'path'] as const

/** The call of the first tool that takes a path and a content, else of one that takes a command of the shell. */
function callFor(tools: readonly OfferedTool[], { path, content }: WantedFile): ScriptedCall | undefined {
  for (const tool of tools) {
    const properties = propertiesOf(tool)
    const pathName = pathNames.find((name) => name in properties)
    if (pathName !== undefined && 'content' in properties) {
      return { name: tool.name, arguments: { [pathName]: path, content } }
    }
  }
  const shell = tools.find((tool) => 'cmd' in propertiesOf(tool))
  return shell && { name: shell.name, arguments: { cmd: `printf '%s' '${content}' > '${path}'` } }
}
