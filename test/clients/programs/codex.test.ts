import { describeProgram } from '../harness/describe-program.ts'

describeProgram('@openai/codex', {
  name: 'codex',
  words: (task) => ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', task],
  onFailure: { mostRequests: 30, ends: false },
})
