import { describe, expect, it } from 'vitest'
import { RequestError } from '../chat/errors.ts'
import { createSayingModel } from '../testing/fake-model.ts'
import { createModelCard } from '../chat/chat-model.ts'
import { readableMessages, requireReader } from './modality.ts'

const text = { type: 'text', text: 'What is this?' }
const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
const messages = [
  { role: 'system', content: 'S' },
  { role: 'user', content: [text, image] },
]
const card = createModelCard({ kind: 'model', ownedBy: 'fake' })
const seeing = createModelCard({ kind: 'model', ownedBy: 'fake', modalities: ['text', 'image'] })

describe('a part that a model cannot open', () => {
  it('becomes a text that says so', () => {
    expect(readableMessages(messages, card)).toEqual([
      { role: 'system', content: 'S' },
      { role: 'user', content: 'What is this?\n[Here the message holds an image that you cannot open.]' },
    ])
  })

  it.each([
    [{ type: 'input_audio', input_audio: { data: 'x', format: 'wav' } }, 'a recording', 'audio'],
    [{ type: 'file', file: { file_id: 'f' } }, 'a file', 'file'],
  ] as const)('may be a recording or a file: %o', (part, noun, modality) => {
    const [told] = readableMessages([{ role: 'user', content: [text, part] }], card)
    expect(told?.content).toContain(`[Here the message holds ${noun} that you cannot open.]`)
    const content = [{ role: 'user', content: [text, part] }]
    expect(readableMessages(content, { ...card, modalities: ['text', modality] })).toEqual(content)
  })

  it('stays where the model has the modality', () => {
    expect(readableMessages(messages, seeing)).toEqual(messages)
  })

  it('is replaced alone', () => {
    const audio = { type: 'input_audio', input_audio: { data: 'x', format: 'wav' } }
    expect(readableMessages([{ role: 'user', content: [text, image, audio] }], seeing)).toEqual([
      {
        role: 'user',
        content: [text, image, { type: 'text', text: '[Here the message holds a recording that you cannot open.]' }],
      },
    ])
  })

  it('is an error that names it where no model of the mixture can open it', () => {
    const blind = { ...createSayingModel('blind', 'x'), card }
    expect(() => {
      requireReader(messages, [blind])
    }).toThrow(RequestError)
    expect(() => {
      requireReader(messages, [blind])
    }).toThrow(/^messages\[1\]\.content\[1\] is of type "image_url", but no model of this mixture reads image/)
  })

  it('is no error where one can', () => {
    const models = [
      { ...createSayingModel('blind', 'x'), card },
      { ...createSayingModel('seeing', 'x'), card: seeing },
    ]
    expect(() => {
      requireReader(messages, models)
    }).not.toThrow()
  })
})
