import { describeProgram } from '../harness/describe-program.ts'

describeProgram('@qwen-code/qwen-code', {
  name: 'qwen',
  words: (task) => ['--approval-mode', 'yolo', '-p', task],
  onFailure: { mostRequests: 6, ends: false },
})
