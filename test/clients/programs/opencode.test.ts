import { describeProgram } from '../harness/describe-program.ts'

/** It has a title written in every run. It waits for its vendor's list of models unless it is told not to. */
describeProgram('opencode-ai', {
  name: 'opencode',
  words: (task) => ['run', task],
  env: { OPENCODE_DISABLE_MODELS_FETCH: '1' },
  sideRequests: 1,
  onFailure: { mostRequests: 6, ends: false },
})
