import { closedResult } from './character.ts'
import { bodies, jokes, type Voice, voices } from './made-up-texts.ts'
import { mergeDrafts } from './merge-drafts.ts'
import type { Mind } from './mind.ts'
import { questionKind } from './question-kind.ts'
import { createSeededRandom, type SeededRandom } from './seeded-random.ts'
import { contentWords } from './word-overlap.ts'

/** What a character says to a prompt, without the label that marks it as simulated. */
export function composeText({ prompt, character, random }: Mind): string {
  const { question, drafts } = prompt
  const result = closedResult(question, character, random)
  if (result !== null) return random.pick(resultSentences).replace('{result}', String(result))
  if (drafts.length > 0) return mergeDrafts(drafts)
  const voice = createSeededRandom([character.seed, character.name]).pick(voices)
  const kind = questionKind(question)
  if (kind === 'greeting') return random.pick(voice.greetings)
  return kind === 'joke' ? random.pick(jokes) : openText(question, voice, random)
}

/** The number comes last, where a vote looks for it. */
const resultSentences = [
  'That makes {result}.',
  'The answer is {result}.',
  'I get {result}.',
  'Worked out step by step, it comes to {result}.',
]

const topicWords = 4

function openText(question: string, { openings, closings }: Voice, random: SeededRandom): string {
  const topic = contentWords(question).slice(0, topicWords).join(' ') || 'this'
  const first = random.pick(bodies)
  const second = random.pick(bodies.filter((body) => body !== first))
  return [random.pick(openings), first, second, random.pick(closings)].join(' ').replaceAll('{topic}', topic)
}
