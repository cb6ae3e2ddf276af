/** docs/connect.md says what `mollmr connect` prints. `npx vitest run test/connect-page.test.ts -u` writes it anew. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type ClientName, clientNames, clients } from '../src/cli/connect/clients.ts'
import { startLines } from '../src/cli/connect/connect.ts'
import { gatewayOf } from '../src/cli/connect/find-gateway.ts'
import { settingsText } from '../src/cli/connect/settings-text.ts'
import { parseConfig } from '../src/config/parse-config.ts'

const path = new URL('../docs/connect.md', import.meta.url)
const page = readFileSync(path, 'utf8')
const text = /^```yaml\n(upstreams:[^]*?)^```$/m.exec(page)?.[1] ?? ''
const { config } = parseConfig({ text, path: 'docs/connect.md', env: {} })
const gateway = gatewayOf(config, { url: `http://${config.server.host}:${config.server.port}` })

function sectionOf(name: ClientName): string {
  const client = clients[name]
  const { folder, name: file, format } = client.file
  const settings = settingsText(client, gateway)
  const start = startLines(client, gateway)
  return [
    `## ${client.title}`,
    `\`mollmr connect ${name}\`; \`${folder}/${file}\`:`,
    `\`\`\`${format === 'env' ? 'sh' : format}\n${settings}\`\`\``,
    `\`\`\`sh\n${[client.install, ...start].join('\n')}\n\`\`\``,
    ...(client.note === undefined ? [] : [client.note]),
  ].join('\n\n')
}

it('docs/connect.md has the settings that are printed', async () => {
  const [start, end] = ['<!-- mollmr connect -->', '<!-- end of it -->']
  const sections = clientNames.map(sectionOf).join('\n\n')
  const written = page.replace(new RegExp(`(?<=${start}\n)[^]*(?=${end})`), `\n${sections}\n\n`)
  expect(config.mixtures).toHaveLength(1)
  await expect(written).toMatchFileSnapshot(path.pathname)
})
