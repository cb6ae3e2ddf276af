/** Answers of real models, recorded beside the repository: tests that need them are skipped where they are absent. */
import { existsSync, readFileSync } from 'node:fs'
import { lastTextOf } from './ask-model.ts'
import { createFakeModel, type FakeModel, textSteps } from './fake-model.ts'

/** A file of JSON lines; empty, with a word on the console, where it is absent. */
export function readRecorded(name: string): readonly unknown[] {
  const file = new URL(`../../../shared/data/${name}`, import.meta.url)
  if (existsSync(file))
    return readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
  console.info(`SKIPPED: ${name} is not there, so nothing is tried on real answers.`)
  return []
}

/** A question of GSM8K, its right answer and what two models answered. */
export interface Gsm8kRow {
  readonly question: string
  readonly gold: string
  readonly 'mixtral-8x7b': string
  readonly 'gpt-4': string
}

export interface Gsm8kReplay {
  readonly rows: readonly Gsm8kRow[]
  /** A model that answers each question as it did when it was recorded. */
  readonly replaying: (id: 'mixtral-8x7b' | 'gpt-4') => FakeModel
}

export function replayGsm8k(): Gsm8kReplay {
  const rows = readRecorded('gsm8k-two-models.jsonl') as readonly Gsm8kRow[]
  const answers = new Map(rows.map((row) => [row.question, row]))
  return {
    rows,
    replaying: (id) =>
      createFakeModel(id, { script: (request) => textSteps(answers.get(lastTextOf(request))?.[id] ?? '', 400) }),
  }
}
