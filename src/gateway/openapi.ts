/** What `GET /openapi.json` says: the paths, and the part of the chat body that MoLLMR itself reads. */
import { budgetPolicies } from '../chat/call-budget.ts'
import { answerHeaderNames } from './answer/answer-headers.ts'
import { statusByCode } from './error-response.ts'

const jsonOf = (schema: unknown): Record<string, unknown> => ({ 'application/json': { schema } })
const ref = (name: string): Record<string, string> => ({ $ref: `#/components/schemas/${name}` })

/** An OpenAPI 3.1 document. Unknown fields of the body go on to the upstream, so every object is open. */
export function openApiDocument(): Record<string, unknown> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'MoLLMR',
      version: '1',
      description: 'An OpenAI-compatible API in front of mixtures, a router and single models.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: {
      '/v1/chat/completions': { post: chatOperation() },
      '/v1/responses': { post: responsesOperation() },
      '/v1/responses/{id}': {
        get: operation('A response that was kept', ref('Response'), [pathParameter('id')]),
        delete: operation('Forget a response', open({ id: text, deleted: { const: true } }, ['id', 'deleted']), [
          pathParameter('id'),
        ]),
      },
      '/v1/messages': { post: messagesOperation('The same in the words of Anthropic', ref('Message')) },
      '/v1/messages/count_tokens': {
        post: messagesOperation(
          'Estimate the tokens of a prompt',
          open({ input_tokens: { type: 'integer' } }, ['input_tokens']),
        ),
      },
      '/v1/embeddings': { post: relayedOperation('Embed texts by a single model') },
      '/v1/completions': { post: relayedOperation('Complete a text by a single model (legacy)') },
      '/v1/models': { get: operation('List the router, the mixtures and the single models', ref('ModelList')) },
      '/v1/models/{id}': {
        get: operation('One model; the id may contain slashes, plain or encoded', ref('Model'), [pathParameter('id')]),
      },
      '/mollmr/v1/explain': { post: explainOperation() },
      '/mollmr/v1/traces/{id}': {
        get: operation('What one of the latest requests did', { type: 'object' }, [pathParameter('id')]),
      },
      '/metrics': {
        get: operation('Figures for whoever watches the gateway, as Prometheus reads them', { type: 'string' }),
      },
      '/health/live': { get: operation('The process runs', ref('Health')) },
      '/health/ready': { get: operation('The gateway takes requests', ref('Health')) },
    },
    components: { schemas },
  }
}

function operation(summary: string, schema: unknown, parameters: readonly unknown[] = []): Record<string, unknown> {
  return {
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: {
      200: { description: 'OK', content: jsonOf(schema) },
      default: { description: 'An error', content: jsonOf(ref('Error')) },
    },
  }
}

function chatOperation(): Record<string, unknown> {
  const created = operation('Ask the router, a mixture or a single model', ref('ChatCompletion'))
  const responses = created['responses'] as Record<string, unknown>
  return {
    ...created,
    requestBody: { required: true, content: jsonOf(ref('ChatRequest')) },
    responses: {
      ...responses,
      200: {
        description: 'The answer; with `stream: true` as server-sent events of chat.completion.chunk objects',
        headers: Object.fromEntries(answerHeaderNames.map((name) => [name, { schema: { type: 'string' } }])),
        content: { ...jsonOf(ref('ChatCompletion')), 'text/event-stream': { schema: { type: 'string' } } },
      },
    },
  }
}

function responsesOperation(): Record<string, unknown> {
  return {
    ...operation('The same in the words of the Responses API', ref('Response')),
    requestBody: { required: true, content: jsonOf(ref('ResponsesRequest')) },
  }
}

function relayedOperation(summary: string): Record<string, unknown> {
  const anything = { type: 'object' }
  return {
    ...operation(summary, anything),
    requestBody: { required: true, content: jsonOf(open({ model: text }, ['model'])) },
  }
}

function messagesOperation(summary: string, answer: unknown): Record<string, unknown> {
  return {
    ...operation(summary, answer),
    requestBody: { required: true, content: jsonOf(ref('MessagesRequest')) },
  }
}

function explainOperation(): Record<string, unknown> {
  return {
    ...operation('What the same body would do at /v1/chat/completions; nobody is asked', ref('Explanation')),
    requestBody: { required: true, content: jsonOf(ref('ChatRequest')) },
  }
}

function pathParameter(name: string): Record<string, unknown> {
  return { name, in: 'path', required: true, schema: { type: 'string' } }
}

const open = (properties: Record<string, unknown>, required: readonly string[]): Record<string, unknown> => ({
  type: 'object',
  properties,
  required,
})

const text = { type: 'string' }
const maybe = (type: string): Record<string, unknown> => ({ type: [type, 'null'] })

const schemas = {
  ChatRequest: open(
    {
      model: { ...text, description: '`router`, a mixture or a single model, with or without the prefix' },
      messages: { type: 'array', minItems: 1, items: open({ role: text, content: {} }, ['role']) },
      stream: maybe('boolean'),
      temperature: maybe('number'),
      max_tokens: { ...maybe('integer'), description: 'null, 0 and -1 mean no limit' },
      mollmr: {
        type: 'object',
        additionalProperties: false,
        properties: {
          mixture: text,
          workers: { type: 'array', minItems: 1, items: text },
          aggregate: text,
          strategy: text,
          quorum: { type: 'integer', minimum: 1 },
          budget: {
            type: 'object',
            additionalProperties: false,
            properties: {
              max_calls: { type: 'integer', minimum: 1 },
              max_tokens: { type: 'integer', minimum: 1 },
              max_cost_usd: { type: 'number', exclusiveMinimum: 0 },
              on_budget: { enum: budgetPolicies },
            },
          },
          include: { type: 'array', items: { enum: ['usage', 'progress', 'drafts'] } },
          progress: { enum: ['comments', 'reasoning'] },
        },
      },
    },
    ['model', 'messages'],
  ),
  ChatCompletion: open(
    {
      id: text,
      object: { const: 'chat.completion' },
      created: { type: 'integer' },
      model: text,
      choices: { type: 'array' },
    },
    ['id', 'object', 'created', 'model', 'choices'],
  ),
  ResponsesRequest: open(
    { model: text, input: { type: ['string', 'array'] }, stream: maybe('boolean'), store: maybe('boolean') },
    ['model', 'input'],
  ),
  Response: open({ id: text, object: { const: 'response' }, status: text, model: text, output: { type: 'array' } }, [
    'id',
    'object',
    'status',
    'model',
    'output',
  ]),
  MessagesRequest: open(
    { model: text, messages: { type: 'array', minItems: 1 }, max_tokens: maybe('integer'), stream: maybe('boolean') },
    ['model', 'messages'],
  ),
  Message: open(
    { id: text, type: { const: 'message' }, role: { const: 'assistant' }, model: text, content: { type: 'array' } },
    ['id', 'type', 'role', 'model', 'content'],
  ),
  Model: open(
    {
      id: text,
      object: { const: 'model' },
      created: { type: 'integer' },
      owned_by: text,
      name: text,
      description: maybe('string'),
      context_length: maybe('integer'),
      capabilities: { type: 'object' },
    },
    ['id', 'object', 'created', 'owned_by'],
  ),
  ModelList: open({ object: { const: 'list' }, data: { type: 'array', items: ref('Model') } }, ['object', 'data']),
  Explanation: open(
    {
      kind: { enum: ['model', 'mixture', 'router'] },
      id: text,
      estimate: open(
        {
          calls: { type: 'integer' },
          prompt_tokens: { type: 'integer' },
          completion_tokens: { type: 'integer' },
          total_tokens: { type: 'integer' },
          cost_usd: maybe('number'),
          known_cost_usd: { type: 'number' },
          unpriced: { type: 'array', items: text },
          least: open(
            { calls: { type: 'integer' }, total_tokens: { type: 'integer' }, known_cost_usd: { type: 'number' } },
            ['calls', 'total_tokens', 'known_cost_usd'],
          ),
          ms: maybe('integer'),
        },
        ['calls', 'prompt_tokens', 'completion_tokens', 'total_tokens', 'cost_usd', 'unpriced', 'least', 'ms'],
      ),
      route: ref('Explanation'),
      source: text,
      would_ask: maybe('string'),
      strategy: text,
      budget: { enum: ['fits', 'shrink', 'bypass', 'refuse'] },
      workers: { type: 'array', items: ref('Explanation') },
      aggregate: { type: 'array', items: ref('Explanation') },
    },
    ['kind', 'id', 'estimate'],
  ),
  Health: open({ status: text }, ['status']),
  Error: open(
    {
      error: open(
        {
          message: text,
          type: text,
          param: maybe('string'),
          code: { enum: Object.keys(statusByCode) },
          details: { type: 'array', items: { type: 'object' } },
        },
        ['message', 'type', 'param', 'code'],
      ),
    },
    ['error'],
  ),
}
