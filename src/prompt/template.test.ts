import fc from 'fast-check'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../chat/errors.ts'
import { readPromptFile } from './read-prompt-file.ts'
import { parseTemplate } from './template.ts'

const slots = { question: 'required', history: 'optional', 'worker.name': 'optional', today: 'optional' } as const
const values = { question: 'Why?', history: 'none', 'worker.name': 'qwen', today: '2026-11-24' }

function fill(text: string, changes: Partial<typeof values> = {}): string {
  return parseTemplate({ text, origin: 'answer.md', slots }).fill({ ...values, ...changes })
}

function errorOf(text: string, origin = 'answer.md'): string {
  try {
    parseTemplate({ text, origin, slots })
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error('The template was accepted.')
}

describe('a template', () => {
  it('puts values into its slots', () => {
    expect(fill('{{ worker.name }}, on {{ today }}: {{ question }}')).toBe('qwen, on 2026-11-24: Why?')
  })

  it('knows conditions, loops, filters and variables of its own', () => {
    const text = `{% assign loud = question | upcase %}{% if history != "" %}{% for n in (1..2) %}{{ loud }}{{ n }} {% endfor %}{% endif %}{{ question | size }}`
    expect(fill(text)).toBe('WHY?1 WHY?2 4')
  })

  it('drops the line break that ends its file, and nothing of its values', () => {
    expect(fill('{{ question }}\n', { question: '  code\n' })).toBe('  code\n')
  })

  it('never runs what stands in a value', () => {
    const question = '{{ worker.name }}{% for i in (1..9) %}x{% endfor %}'
    expect(fill('{{ question }}', { question })).toBe(question)
  })

  it('gives back any value as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        (question) => fill('>{{ question }}<', { question }) === `>${question}<`,
      ),
    )
  })

  it('asks for a costly value only where its slot is used', () => {
    const costly = (): string => {
      throw new Error('asked')
    }
    const plain = parseTemplate({ text: '{{ question }}', origin: 'a.md', slots })
    expect(plain.fill({ ...values, history: costly })).toBe('Why?')
    const using = parseTemplate({ text: '{{ question }}{{ history }}', origin: 'a.md', slots })
    expect(() => using.fill({ ...values, history: costly })).toThrow('asked')
    expect(using.fill({ ...values, history: () => ' before' })).toBe('Why? before')
  })
})

describe('a wrong template is an error at start', () => {
  it('that names file, line and the nearest slot', () => {
    expect(errorOf('{{ question }}\n\n{{ worker.nmae }}')).toBe(
      'answer.md:3: unknown slot "worker.nmae", did you mean "worker.name"?',
    )
  })

  it('that lists the slots where none is near', () => {
    expect(errorOf('{{ question }} {{ temperature }}')).toContain('known are question, history, worker.name, today.')
  })

  it('that names the line of the template where the origin has a line already', () => {
    expect(errorOf('{{ question }}\n{{ x }}', 'config.yaml:14')).toMatch(/^config\.yaml:14, line 2 of the template: /)
  })

  it('that names a required slot which is not used', () => {
    expect(errorOf('Answer.')).toBe(
      'answer.md: the template does not use {{ question }}; put it where that text belongs.',
    )
  })

  it.each([
    ['{{ question', 'answer.md:1: output "{{ question" not closed.'],
    ['{{ question }}\n{% if today %}', 'answer.md:2: tag {% if today %} not closed.'],
    ['{{ question | shout }}', 'answer.md:1: undefined filter: shout.'],
    ['{{ question }}{% frobnicate %}', 'answer.md:1: tag "frobnicate" not found.'],
  ])('that says what is wrong with %j', (text, message) => {
    expect(errorOf(text)).toBe(message)
  })

  it.each(['include', 'render', 'layout', 'block'])('where it asks for a file with %s', (tag) => {
    expect(errorOf(`{{ question }}{% ${tag} "/etc/passwd" %}`)).toContain(`tag "${tag}" not found`)
  })

  it.each(['{{ question.constructor }}', '{{ question }}{{ worker }}', '{{ question }}{{ worker["__proto__"] }}'])(
    'where it reaches for more than a slot: %s',
    (text) => {
      expect(errorOf(text)).toContain('unknown slot')
    },
  )
})

it('a template that would never end is stopped and named', () => {
  const endless = parseTemplate({
    text: '{{ question }}{% for i in (1..999999999) %}{% endfor %}',
    origin: 'a.md',
    slots,
  })
  expect(() => endless.fill(values)).toThrow(/^a\.md: the template cannot be filled: /)
})

it('a prompt file is read with its path as the origin', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'mollmr-')), 'answer.md')
  writeFileSync(path, 'Say {{ question }} — ja\n')
  const source = readPromptFile(pathToFileURL(path))
  expect(source).toEqual({ text: 'Say {{ question }} — ja\n', origin: path })
  expect(parseTemplate({ ...source, slots }).fill(values)).toBe('Say Why? — ja')
})
