/** Some servers echo what they were sent, as it was or encoded: whatever they say is told without the secrets in it. */

const shortestSecret = 6
const hidden = '***'

/** The text with every secret of at least 6 characters replaced, also in JSON, in a URL or within base64. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  const long = secrets.filter(({ length }) => length >= shortestSecret)
  return long.flatMap(formsOf).reduce((rest, form) => rest.replaceAll(form, hidden), text)
}

function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const encoded = [0, 1, 2].flatMap((offset) => base64Forms(secret, offset))
  return [secret, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(secret), ...encoded]
}

/** The characters of a base64 text that say `secret` alone, where it begins `offset` bytes behind a multiple of three. */
function base64Forms(secret: string, offset: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
  const [from, to] = [Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6)]
  return (['base64', 'base64url'] as const).map((encoding) => bytes.toString(encoding).slice(from, to))
}
