import { solve } from './closed-question.ts'

export type QuestionKind = 'closed' | 'greeting' | 'joke' | 'open'

/** What a question asks for, as far as its words tell. */
export function questionKind(question: string): QuestionKind {
  if (solve(question) !== null) return 'closed'
  if (/\bjokes?\b|\bfunny\b|\bmake me laugh\b/i.test(question)) return 'joke'
  return /^\W*(?:hi|hello|hey|good (?:morning|evening|day))\b[^?]{0,30}$/i.test(question) ? 'greeting' : 'open'
}

/** Words that descriptions of models and mixtures use for a kind of question. */
export const kindWords: Readonly<Record<QuestionKind, readonly string[]>> = {
  closed: ['calculation', 'closed', 'maths', 'number'],
  greeting: ['chat', 'general'],
  joke: ['joke', 'jokes', 'chat', 'general'],
  open: ['open', 'general'],
}
