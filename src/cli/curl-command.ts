/** A request to paste into a shell. */
export function curlCommand(baseUrl: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Please tell me a joke.' }] })
  return `curl ${baseUrl}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`
}
