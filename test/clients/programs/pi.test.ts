import { describeProgram } from '../harness/describe-program.ts'

describeProgram('@mariozechner/pi-coding-agent', {
  name: 'pi',
  words: (task) => ['-p', task],
  onFailure: { mostRequests: 4, ends: false },
})
