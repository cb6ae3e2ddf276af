import { describe, expect, it } from 'vitest'
import { loadLanguageDetector } from './language-detector.ts'

describe('the language detector', () => {
  const { languages, languageOf } = loadLanguageDetector()

  it.each([
    ['en', 'Why is the sky blue?'],
    ['de', 'Vergleiche drei Wege, Züge auf einem Gleis zu planen.'],
    ['fr', 'Écris un courriel à mon patron'],
    ['es', '¿Cómo ordeno una lista en Python?'],
    ['uk', 'Розкажи анекдот, будь ласка'],
    ['zh', '如何在 Python 中对列表排序?'],
    ['ja', '空はなぜ青いのですか?'],
    ['ar', 'لماذا السماء زرقاء؟'],
  ])('knows %s: %s', (language, text) => {
    expect(languageOf(text)).toBe(language)
    expect(languages).toContain(language)
  })

  it.each(['', '42', 'Hi', '{}', '🎈'])('has no opinion on "%s"', (text) => {
    expect(languageOf(text)).toBeNull()
  })
})
