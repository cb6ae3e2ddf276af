import { CopyButton } from './answer-view.tsx'
import type { ListedModel } from './gateway-client.ts'

interface ConnectProps {
  readonly models: readonly ListedModel[]
  /** Asks one of the questions that are there to try. */
  readonly onExample: (question: string) => void
}

const examples = [
  'Why is the sky blue?',
  'What is 17 times 23?',
  'Give me three names for a café in a library, and say which is best.',
]

/** What to try, how other clients reach the gateway, and what they can ask. */
export function Connect({ models, onExample }: ConnectProps) {
  const baseUrl = new URL('v1', location.href).href
  const curl = curlCommand(baseUrl, models[0]?.id ?? 'router')
  return (
    <section className="connect">
      <p>
        Behind one model name, several workers write drafts at the same time and an aggregate turns them into the
        answer; a router picks which, for every question.
      </p>
      <p className="examples">
        {examples.map((question) => (
          <button
            key={question}
            type="button"
            className="example"
            onClick={() => {
              onExample(question)
            }}
          >
            {question}
          </button>
        ))}
      </p>
      <h2>Point a client at it</h2>
      <p>
        Base URL <code>{baseUrl}</code>; any key will do where the config has none. <code>mollmr connect codex</code>{' '}
        (or <code>claude</code>, <code>opencode</code>, <code>open-webui</code> …) prints the settings of a client.
      </p>
      <div className="snippet">
        <pre>{curl}</pre>
        <CopyButton text={curl} />
      </div>
      <h2>What can be asked</h2>
      <table>
        <thead>
          <tr>
            <th>id</th>
            <th>kind</th>
            <th>what it is</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <ModelRow key={model.id} {...model} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function ModelRow({ id, description, capabilities: { kind, simulated } }: ListedModel) {
  return (
    <tr>
      <td>
        <code>{id}</code>
      </td>
      <td>{kind}</td>
      <td>
        {description} {simulated && <span className="tag warning">simulated</span>}
      </td>
    </tr>
  )
}

/** For a shell: nothing in it is a quote but its own. */
function curlCommand(baseUrl: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Please tell me a joke.' }] })
  return `curl ${baseUrl}/chat/completions -H 'content-type: application/json' -d '${body.replaceAll("'", String.raw`'\''`)}'`
}
