import type { ListedModel } from '../catalog/catalog.ts'

/** The page at `/`: what this is, which ids can be asked, and a curl to try it. Needs no script and no network. */
export function homePage(baseUrl: string, models: readonly ListedModel[]): string {
  const [first] = models
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MoLLMR</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 52rem; margin: 3rem auto; padding: 0 1rem }
  code, pre { font-family: ui-monospace, monospace; font-size: 0.9em }
  pre { padding: 1rem; overflow-x: auto; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 6px }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: 0.35rem 1rem 0.35rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); vertical-align: top }
  .simulated { opacity: 0.7; font-style: italic }
</style>
<h1>MoLLMR</h1>
<p>Ask it like one model. Behind it, several models write drafts and one turns them into the answer; a router picks
which, for every request.</p>
<h2>Point a client at it</h2>
<p>Base URL <code>${escapeHtml(baseUrl)}/v1</code> and your API key; any will do where the config has no keys.</p>
<pre>${escapeHtml(curlCommand(baseUrl, first?.id ?? 'router'))}</pre>
<h2>Models</h2>
<table>
<tr><th>id<th>kind<th>what it is
${models.map(modelRow).join('\n')}
</table>
<p><a href="/v1/models">/v1/models</a> · <a href="/openapi.json">/openapi.json</a> · <a href="/health/ready">/health/ready</a></p>
</html>
`
}

/** A request to paste into a shell. */
export function curlCommand(baseUrl: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Please tell me a joke.' }] })
  return `curl ${baseUrl}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`
}

function modelRow({ id, card }: ListedModel): string {
  const simulated = card.simulated ? ' <span class="simulated">simulated: its texts are made up</span>' : ''
  const description = escapeHtml(card.description ?? '')
  return `<tr><td><code>${escapeHtml(id)}</code><td>${card.kind}<td>${description}${simulated}`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
