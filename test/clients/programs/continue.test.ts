import { describeProgram } from '../harness/describe-program.ts'

describeProgram('@continuedev/cli', {
  name: 'continue',
  words: (task) => ['-p', '--auto', task],
  onFailure: { mostRequests: 6, ends: false },
})
