import { createRequire } from 'node:module'
import type { LanguageDetector } from '../router/rules.ts'

/** The part of the package that is used. Its own types are out of reach of how this package is compiled. */
interface Tinyld {
  readonly supportedLanguages: readonly string[]
  readonly toISO2: (code: string) => string
  readonly detect: (text: string) => string
}

/**
 * Tells some 60 languages apart by their letters and words. It takes 50 MB, so that it is loaded only where a rule asks
 * for a language.
 */
export function loadLanguageDetector(): LanguageDetector {
  const require = createRequire(import.meta.url)
  const { supportedLanguages, toISO2, detect } = require('tinyld') as Tinyld
  // What has no code of two letters is no language to write to a model in: Klingon is what code looks like.
  const languages = supportedLanguages.map(toISO2).filter((code) => code.length === 2)
  return {
    languages,
    languageOf: (text) => {
      const code = detect(text)
      return languages.includes(code) ? code : null
    },
  }
}
