import { describe, expect, it } from 'vitest'
import { type ChatBody, type ChatMessage, type ChatRequest, createChatRequest } from '../chat/chat-request.ts'
import { sideEvidenceOf } from './side-request.ts'

const request = (body: Partial<ChatBody>, headers: Record<string, string> = {}): ChatRequest =>
  createChatRequest({ model: 'router', messages: [], ...body }, { caller: { headers } })
const user = (content: string): ChatMessage => ({ role: 'user', content })
const tool = (name: string) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} } },
})

const chatHistory = `### Chat History:
<chat_history>
USER: Please debug my Python program.
ASSISTANT: Show it to me.
</chat_history>`

/** As Open WebUI 0.6 to 0.10 sends them, shortened where nothing hangs on the length. */
const openWebUi = {
  title: `### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Guidelines:
- The title should clearly represent the main theme or subject of the conversation.
- Write the title in the chat's primary language; default to English if multilingual.
- Your entire response must consist solely of the JSON object, without any introductory or concluding text.
### Output:
JSON format: { "title": "your concise title here" }
### Examples:
- { "title": "📉 Stock Market Trends" },
- { "title": "🍪 Perfect Chocolate Chip Recipe" }
${chatHistory}`,
  tags: `### Task:
Generate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more specific subtopic tags.

### Guidelines:
- Start with high-level domains (e.g. Science, Technology, Philosophy, Arts, Politics, Business, Health)
- If content is too short (less than 3 messages) or too diverse, use only ["General"]

### Output:
JSON format: { "tags": ["tag1", "tag2", "tag3"] }

${chatHistory}`,
  followUps: `### Task:
Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next in this conversation as a **user**, based on the chat history, to help continue or deepen the discussion.
### Guidelines:
- Write all follow-up questions from the user’s point of view, directed to the assistant.
- Response must be a JSON array of strings, no extra text or formatting.
### Output:
JSON format: { "follow_ups": ["Question 1?", "Question 2?", "Question 3?"] }
${chatHistory}`,
  queries: `### Task:
Analyze the chat history to determine the necessity of generating search queries, in the given language. By default, **prioritize generating 1-3 broad and relevant search queries** unless it is absolutely certain that no additional information is required.

### Guidelines:
- Respond **EXCLUSIVELY** with a JSON object. Any form of extra commentary, explanation, or additional text is strictly prohibited.
- Today's date is: 2026-11-12.

### Output:
Strictly return in JSON format:
{
  "queries": ["query1", "query2"]
}

${chatHistory}`,
  autocomplete: `### Task:
You are an autocompletion system. Continue the text in \`<text>\` based on the **completion type** in \`<type>\` and the given language.

### **Instructions**:
1. Analyze \`<text>\` for context and meaning.
2. Use \`<type>\` to guide your output:
   - **General**: Provide a natural, concise continuation.
5. If unsure, return: \`{ "text": "" }\`.

### **Output Rules**:
- Respond only in JSON format: \`{ "text": "<your_completion>" }\`.

### **Examples**:
#### Example 1:
Input:
<type>General</type>
<text>The sun was setting over the horizon, painting the sky</text>
Output:
{ "text": "with vibrant shades of orange and pink." }

---
### Context:
<chat_history>
USER: Hello
</chat_history>
<type>search query</type>
<text>Top-rated restaurants in</text>
#### Output:
`,
}

/** What Open WebUI makes of a question when files are attached: the user's real question, which begins like a task. */
const retrieval = `### Task:
Respond to the user query using the provided context, incorporating inline citations in the format [id] **only when the <source> tag includes an explicit id attribute** (e.g., <source id="1">).

### Guidelines:
- If you don't know the answer, clearly state that.
- Respond in the same language as the user's query.

### Example of Citation:
If the user asks about a specific topic and the information is found in a source with a provided id attribute, the response should include the citation like in the following example:
* "According to the study, the proposed method increases efficiency by 20% [1]."

### Output:
Provide a clear and direct response to the user's query, including inline citations in the format [id] only when the <source> tag with id attribute is present in the context.

<context>
<source id="1" name="api.md">The API answers in JSON format: { "title": "x" }</source>
</context>

How do I call this API?`

const opencodeTitle = `You are a title generator. You output ONLY a thread title. Nothing else.

<task>
Generate a brief title that would help the user find this conversation later.

Follow all rules in <rules>
Your output must be:
- A single line
- ≤50 characters
- No explanations
</task>`

const qwenMemory = `You are now acting as the managed memory extraction subagent for an AI coding assistant.

The recent conversation history is already in your context. Analyze only that recent conversation and use it to update persistent managed memory.

Rules:
- Read existing memory files first to avoid creating duplicates.
- Extract only durable facts stated by the user.`

const claudeCodeTitle = `You are Claude Code, Anthropic's official CLI for Claude.

You are naming a coding session so the user can pick it out of a long list of sessions.`

const codexTitle = `Generate a concise, single-line task title of at most 36 characters and under five words where possible.

User prompt:
Fix the build`

const aiderCommit = `You are an expert software engineer that generates concise, one-line Git commit messages based on the provided diffs.
Review the provided context and diffs which are about to be committed to a git repo.`

describe('what says outright that it is a side request', () => {
  it.each(['title', 'tags', 'title_generation', 'follow_up_generation', 'query_generation', 'memory', 'side'])(
    'is the header x-mollmr-task: %s',
    (task) => {
      expect(sideEvidenceOf(request({ messages: [user('Hi')] }, { 'x-mollmr-task': task }))).toBe(`explicit:${task}`)
    },
  )

  it('is the header that Open WebUI sends, with tools and a long history too', () => {
    const messages = Array.from({ length: 20 }, (_, index) => user(`turn ${index}`))
    const body = { messages, tools: [tool('search')] }
    expect(sideEvidenceOf(request(body, { 'x-openwebui-task': 'tags_generation' }))).toBe('explicit:tags_generation')
  })

  it('is metadata.task', () => {
    const body = { messages: [user('Hi')], metadata: { task: 'title_generation' } }
    expect(sideEvidenceOf(request(body))).toBe('explicit:title_generation')
  })

  it('is not a header without a value, or with a task of another kind', () => {
    for (const task of ['', '{{TASK}}', 'moa_response_generation', 'function_calling']) {
      expect(sideEvidenceOf(request({ messages: [user('Hi')] }, { 'x-openwebui-task': task }))).toBeUndefined()
    }
  })

  it("is not somebody's own metadata", () => {
    const body = { messages: [user('Hi')], metadata: { task: 'review of contract 12' } }
    expect(sideEvidenceOf(request(body))).toBeUndefined()
    expect(sideEvidenceOf(request({ messages: [user('Hi')], metadata: { task: 7 } }))).toBeUndefined()
  })

  it('can say the opposite: a task "chat" is believed against every sign', () => {
    const body = { messages: [user(openWebUi.title)], max_tokens: 8 }
    expect(sideEvidenceOf(request(body, { 'x-mollmr-task': 'chat' }))).toBeUndefined()
  })
})

describe('the signature of a client', () => {
  it.each(Object.entries(openWebUi))('Open WebUI asks for %s', (_, prompt) => {
    const body = { messages: [user(prompt)], stream: false, max_completion_tokens: 1000 }
    expect(sideEvidenceOf(request(body))).toBe('signature:open-webui-task')
  })

  it('Open WebUI with a system prompt of the model in front', () => {
    const messages = [{ role: 'system', content: 'You are a pirate.' }, user(openWebUi.tags)]
    expect(sideEvidenceOf(request({ messages }))).toBe('signature:open-webui-task')
  })

  it('opencode asks for a title', () => {
    const messages = [
      { role: 'system', content: opencodeTitle },
      user('Generate a title for this conversation:\n'),
      user('refactor the user service'),
    ]
    const body = { messages, stream: true, stream_options: { include_usage: true } }
    expect(sideEvidenceOf(request(body, { 'x-session-id': 'ses_1' }))).toBe('signature:opencode-title')
  })

  it('Claude Code asks for a title', () => {
    const messages = [{ role: 'system', content: claudeCodeTitle }, user('<session>\nFix the build\n</session>')]
    expect(sideEvidenceOf(request({ messages, tools: [] }))).toBe('signature:claude-code-title')
  })

  it('Codex asks for a title, which a header tells', () => {
    const messages = [{ role: 'developer', content: 'You are a coding agent.' }, user(codexTitle)]
    const metadata = JSON.stringify({ request_kind: 'turn', thread_source: 'thread_title' })
    const evidence = sideEvidenceOf(request({ messages }, { 'x-codex-turn-metadata': metadata }))
    expect(evidence).toBe('signature:codex-title')
  })

  it('aider asks for a commit message', () => {
    const messages = [{ role: 'system', content: aiderCommit }, user('# Diffs:\n+changed')]
    expect(sideEvidenceOf(request({ messages }))).toBe('signature:aider-commit')
  })

  it('LibreChat asks for a title, in both its ways', () => {
    const completion = `Provide a concise, 5-word-or-less title for the conversation, using its same language, with no punctuation. Apply title case conventions appropriate for the language. Never directly mention the language name or the word "title" and only return the title itself.

Conversation:
User: Hello
AI: Hi`
    const structured = `Analyze this conversation and provide:
1. The detected language of the conversation
2. A concise title in the detected language (5 words or less, no punctuation or quotation)

User: Hello
AI: Hi`
    expect(sideEvidenceOf(request({ messages: [user(completion)] }))).toBe('signature:librechat-title')
    const withTool = { messages: [user(structured)], tools: [tool('extract')] }
    expect(sideEvidenceOf(request(withTool))).toBe('signature:librechat-title')
  })

  it('qwen-code extracts memories, with tools and the whole history', () => {
    const messages = [
      { role: 'system', content: qwenMemory },
      user('Fix the build'),
      { role: 'assistant', content: 'Done.' },
      user('Managed memory has TWO directories. Choose which one to write each memory into …'),
    ]
    const tools = ['read_file', 'grep_search', 'glob', 'write_file', 'edit'].map(tool)
    expect(sideEvidenceOf(request({ messages, tools, max_tokens: 32_000 }))).toBe('signature:qwen-memory')
  })

  it('is found in content that comes in parts', () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: openWebUi.title }] }]
    expect(sideEvidenceOf(request({ messages }))).toBe('signature:open-webui-task')
  })
})

describe('the shape', () => {
  it('is an answer of at most 16 tokens', () => {
    expect(sideEvidenceOf(request({ messages: [user('Name this chat.')], max_tokens: 16 }))).toBe('shape:tiny-output')
    const both = { messages: [{ role: 'system', content: 'Be brief.' }, user('Hi')], max_completion_tokens: 10 }
    expect(sideEvidenceOf(request(both))).toBe('shape:tiny-output')
  })

  it('is a title of the conversation, wanted as JSON', () => {
    const text = 'Generate a title for the conversation so far. Return strict JSON: {"title": "..."}.'
    expect(sideEvidenceOf(request({ messages: [user(text)] }))).toBe('shape:json-title')
  })
})

describe('what must not be caught', () => {
  const cases: readonly (readonly [string, Partial<ChatBody>])[] = [
    ['an ordinary question', { messages: [user('Please tell me a joke.')], max_tokens: -1 }],
    ['a question with a limit that leaves room for an answer', { messages: [user('Hi')], max_tokens: 17 }],
    ['a limit of 0', { messages: [user('Hi')], max_tokens: 0 }],
    ['the retrieval prompt of Open WebUI', { messages: [user(retrieval)] }],
    [
      'a user who writes in tasks and outputs',
      {
        messages: [
          user(
            '### Task:\nExtract all dates from the letter.\n### Output:\nJSON format: { "dates": ["2026-01-01"] }\n…',
          ),
        ],
      },
    ],
    [
      'a long chat with tools that quotes a task',
      {
        messages: [
          user('How does Open WebUI ask for titles?'),
          { role: 'assistant', content: 'Like this:' },
          user(openWebUi.title),
        ],
        tools: [tool('read_file')],
      },
    ],
    [
      'a chat without tools that quotes a task',
      { messages: [user('Hi'), { role: 'assistant', content: 'Hi' }, user(openWebUi.title)] },
    ],
    ['a question about a task', { messages: [user(`Why does my client send this?\n\n${openWebUi.title}`)] }],
    ['a single quoted task in an agent with tools', { messages: [user(openWebUi.title)], tools: [tool('bash')] }],
    [
      'an assistant that is asked about title generators',
      { messages: [user(`What does this prompt do? ${opencodeTitle}`)] },
    ],
    [
      'a writer of book titles',
      {
        messages: [
          { role: 'system', content: 'You are a title generator for novels.' },
          user('A story of two brothers'),
        ],
      },
    ],
    [
      'an agent whose system prompt quotes another',
      {
        messages: [{ role: 'system', content: `You maintain prompts.\n${qwenMemory}` }, user('Shorten it')],
        tools: [tool('edit')],
      },
    ],
    ['tiny answers of an agent with tools', { messages: [user('yes or no?')], tools: [tool('bash')], max_tokens: 5 }],
    [
      'a tiny answer late in a conversation',
      { messages: [user('1'), { role: 'assistant', content: '2' }, user('Pick A or B')], max_tokens: 5 },
    ],
    ['JSON about a book', { messages: [user('Describe the book as {"title": "...", "author": "..."}')] }],
    [
      'JSON with a title that is not about a conversation',
      { messages: [user('Title this article: {"title": "..."}')] },
    ],
    [
      'Claude Code that is asked about its own prompt',
      {
        messages: [
          { role: 'system', content: "You are Claude Code, Anthropic's official CLI for Claude.\n\nYou are an agent." },
          user(claudeCodeTitle),
        ],
        tools: [tool('Bash')],
      },
    ],
    [
      'a program that names sessions by the schema that Claude Code uses',
      {
        messages: [user('<session>\nFix the build\n</session>\n\nWrite the title.')],
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'a', schema: { type: 'object', properties: { title: { type: 'string' } } } },
        },
      },
    ],
    ['the words of Codex without its header', { messages: [user(codexTitle)] }],
    [
      'a user who wants a commit message',
      {
        messages: [
          { role: 'system', content: 'Act as an expert software developer.' },
          user('Write a one-line Git commit message.'),
        ],
      },
    ],
    ['a user who quotes aider', { messages: [user(`${aiderCommit}\n\nImprove this prompt.`)] }],
    ['no messages at all', { messages: [] }],
  ]

  it('a turn of Codex itself, and one with tools whatever its header says', () => {
    const of = (thread_source: string): Record<string, string> => ({
      'x-codex-turn-metadata': JSON.stringify({ thread_source, note: '"thread_source":"thread_title"' }),
    })
    const messages = [user(codexTitle)]
    expect(sideEvidenceOf(request({ messages }, of('user')))).toBeUndefined()
    expect(sideEvidenceOf(request({ messages, tools: [tool('exec_command')] }, of('thread_title')))).toBeUndefined()
  })

  it.each(cases)('%s', (_, body) => {
    expect(sideEvidenceOf(request(body))).toBeUndefined()
  })
})
