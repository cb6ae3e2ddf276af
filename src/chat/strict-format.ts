import type { ResponseFormat } from './chat-request.ts'

/** An answer that is one JSON object with just these fields, each of them there: OpenAI's strict form. */
export function strictFormat(name: string, properties: Readonly<Record<string, unknown>>): ResponseFormat {
  const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
  return { type: 'json_schema', json_schema: { name, strict: true, schema } }
}
