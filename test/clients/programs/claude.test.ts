import { describeProgram } from '../harness/describe-program.ts'

describeProgram('@anthropic-ai/claude-code', {
  name: 'claude',
  words: (task) => ['-p', '--permission-mode', 'acceptEdits', '--allowedTools', 'Write,Edit,Bash', '--', task],
  onFailure: { mostRequests: 1, ends: true },
})
