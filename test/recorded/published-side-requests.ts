/**
 * Requests beside the chat, for titles, tags, follow-ups and memories, of clients that were not recorded: their prompts as
 * the clients' sources publish them, shortened where nothing hangs on the length. And real requests that look like them.
 */
import type { ChatBody, ChatMessage } from '../../src/chat/chat-request.ts'

export interface RecordedRequest {
  /** Who sends it. */
  readonly client: string
  /** What it is for. */
  readonly purpose: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Partial<ChatBody> & Pick<ChatBody, 'messages'>
}

const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })
const system = (content: string): ChatMessage => ({ role: 'system', content })
const tool = (name: string): NonNullable<ChatBody['tools']>[number] => ({
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

const libreChatTitle = `Provide a concise, 5-word-or-less title for the conversation, using its same language, with no punctuation. Apply title case conventions appropriate for the language. Never directly mention the language name or the word "title" and only return the title itself.

Conversation:
User: Hello
AI: Hi`

const libreChatStructuredTitle = `Analyze this conversation and provide:
1. The detected language of the conversation
2. A concise title in the detected language (5 words or less, no punctuation or quotation)

User: Hello
AI: Hi`

export const sideRequests: readonly (RecordedRequest & { readonly evidence: string })[] = [
  ...Object.entries(openWebUi).map(([purpose, prompt]) => ({
    client: 'Open WebUI',
    purpose,
    body: { messages: [user(prompt)], stream: false, max_completion_tokens: 1000 },
    evidence: 'signature:open-webui-task',
  })),
  {
    client: 'Open WebUI',
    purpose: 'tags with the system prompt of a model in front',
    body: { messages: [system('You are a pirate.'), user(openWebUi.tags)], stream: false },
    evidence: 'signature:open-webui-task',
  },
  {
    client: 'Open WebUI',
    purpose: 'tags with a header that says so',
    headers: { 'x-openwebui-task': 'tags_generation' },
    body: { messages: [user('turn 1'), assistant('turn 2'), user('turn 3')], tools: [tool('search')] },
    evidence: 'explicit:tags_generation',
  },
  {
    client: 'LibreChat',
    purpose: 'title',
    body: { messages: [user(libreChatTitle)], user: 'user-1' },
    evidence: 'signature:librechat-title',
  },
  {
    client: 'LibreChat',
    purpose: 'title by a tool',
    body: { messages: [user(libreChatStructuredTitle)], tools: [tool('extract')] },
    evidence: 'signature:librechat-title',
  },
  {
    client: 'opencode',
    purpose: 'title',
    headers: { 'x-session-id': 'ses_1' },
    body: {
      messages: [
        system(opencodeTitle),
        user('Generate a title for this conversation:\n'),
        user('refactor the user service'),
      ],
      stream: true,
      stream_options: { include_usage: true },
    },
    evidence: 'signature:opencode-title',
  },
  {
    client: 'qwen-code',
    purpose: 'memory',
    body: {
      messages: [
        system(qwenMemory),
        user('Fix the build'),
        assistant('Done.'),
        user('Managed memory has TWO directories. Choose which one to write each memory into …'),
      ],
      tools: ['read_file', 'grep_search', 'glob', 'write_file', 'edit'].map(tool),
      max_tokens: 32_000,
    },
    evidence: 'signature:qwen-memory',
  },
  {
    client: 'any client',
    purpose: 'title as JSON',
    body: {
      messages: [user('Generate a title for the conversation so far. Return strict JSON: {"title": "..."}.')],
    },
    evidence: 'shape:json-title',
  },
  {
    client: 'any client',
    purpose: 'name of at most 16 tokens',
    body: { messages: [user('Name this chat.')], max_tokens: 16 },
    evidence: 'shape:tiny-output',
  },
  {
    client: 'any client',
    purpose: 'task in its metadata',
    body: { messages: [user('Hi')], metadata: { task: 'title_generation' } },
    evidence: 'explicit:title_generation',
  },
]

/** What must not be taken for one. */
export const realRequests: readonly RecordedRequest[] = [
  {
    client: 'any client',
    purpose: 'an ordinary question',
    body: { messages: [user('Please tell me a joke.')], max_tokens: -1 },
  },
  {
    client: 'any client',
    purpose: 'a question with a limit that leaves room for an answer',
    body: { messages: [user('Hi')], max_tokens: 17 },
  },
  { client: 'any client', purpose: 'a limit of 0', body: { messages: [user('Hi')], max_tokens: 0 } },
  { client: 'Open WebUI', purpose: 'a question about files', body: { messages: [user(retrieval)] } },
  {
    client: 'any client',
    purpose: 'a user who writes in tasks and outputs',
    body: {
      messages: [
        user('### Task:\nExtract all dates from the letter.\n### Output:\nJSON format: { "dates": ["2026-01-01"] }\n…'),
      ],
    },
  },
  {
    client: 'any client',
    purpose: 'a long chat with tools that quotes a task',
    body: {
      messages: [user('How does Open WebUI ask for titles?'), assistant('Like this:'), user(openWebUi.title)],
      tools: [tool('read_file')],
    },
  },
  {
    client: 'any client',
    purpose: 'a chat without tools that quotes a task',
    body: { messages: [user('Hi'), assistant('Hi'), user(openWebUi.title)] },
  },
  {
    client: 'any client',
    purpose: 'a question about a task',
    body: { messages: [user(`Why does my client send this?\n\n${openWebUi.title}`)] },
  },
  {
    client: 'any client',
    purpose: 'a single quoted task in an agent with tools',
    body: { messages: [user(openWebUi.title)], tools: [tool('bash')] },
  },
  {
    client: 'any client',
    purpose: 'a question about title generators',
    body: { messages: [user(`What does this prompt do? ${opencodeTitle}`)] },
  },
  {
    client: 'any client',
    purpose: 'a writer of book titles',
    body: { messages: [system('You are a title generator for novels.'), user('A story of two brothers')] },
  },
  {
    client: 'any client',
    purpose: 'an agent whose system prompt quotes another',
    body: { messages: [system(`You maintain prompts.\n${qwenMemory}`), user('Shorten it')], tools: [tool('edit')] },
  },
  {
    client: 'any client',
    purpose: 'tiny answers of an agent with tools',
    body: { messages: [user('yes or no?')], tools: [tool('bash')], max_tokens: 5 },
  },
  {
    client: 'any client',
    purpose: 'a tiny answer late in a conversation',
    body: { messages: [user('1'), assistant('2'), user('Pick A or B')], max_tokens: 5 },
  },
  {
    client: 'any client',
    purpose: 'JSON about a book',
    body: { messages: [user('Describe the book as {"title": "...", "author": "..."}')] },
  },
  {
    client: 'any client',
    purpose: 'JSON with a title that is not about a conversation',
    body: { messages: [user('Title this article: {"title": "..."}')] },
  },
]
