/** The Agents SDK of OpenAI, over Responses (its default) and over chat completions. */
import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents'
import { expect } from 'vitest'
import { z } from 'zod'
import { type Asked, describeClient } from './harness/describe-client.ts'
import { answerText, sumArguments, sumObject, sumText } from './harness/scripted-upstream.ts'

/** A tool, and what it was called with. */
function addTool() {
  const inputs: unknown[] = []
  const add = tool({
    name: 'add',
    description: 'Adds.',
    parameters: z.object({ a: z.number(), b: z.number() }),
    execute: (input) => {
      inputs.push(input)
      return String(input.a + input.b)
    },
  })
  return { inputs, add }
}

describeClient('@openai/agents', (feature) => {
  for (const [api, useResponses] of [
    ['Responses', true],
    ['chat', false],
  ] as const) {
    const runnerOf = ({ baseUrl }: Asked): Runner =>
      new Runner({
        modelProvider: new OpenAIProvider({ apiKey: 'any', baseURL: baseUrl, useResponses }),
        tracingDisabled: true,
      })
    const agentOf = ({ model }: Asked, fields: object = {}): Agent =>
      new Agent({ name: 'adder', instructions: 'Be brief.', model, ...fields })

    feature(`${api}: run`, async (asked) => {
      const { finalOutput } = await runnerOf(asked).run(agentOf(asked), asked.prompt)
      expect(finalOutput).toBe(answerText)
    })

    feature(`${api}: run, streamed`, async (asked) => {
      const result = await runnerOf(asked).run(agentOf(asked), asked.prompt, { stream: true })
      let text = ''
      for await (const piece of result.toTextStream()) text += piece
      await result.completed
      expect(text).toBe(answerText)
    })

    feature(`${api}: a tool loop`, async (asked) => {
      const { inputs, add } = addTool()
      const { finalOutput } = await runnerOf(asked).run(agentOf(asked, { tools: [add] }), asked.prompt)
      expect(finalOutput).toBe(sumText)
      expect(inputs).toEqual([sumArguments])
    })

    feature(`${api}: a tool loop, streamed`, async (asked) => {
      const { inputs, add } = addTool()
      const result = await runnerOf(asked).run(agentOf(asked, { tools: [add] }), asked.prompt, { stream: true })
      await result.completed
      expect(result.finalOutput).toBe(sumText)
      expect(inputs).toEqual([sumArguments])
    })

    feature(`${api}: outputType`, async (asked) => {
      const agent = agentOf(asked, { outputType: z.object({ sum: z.number() }) })
      expect((await runnerOf(asked).run(agent, asked.prompt)).finalOutput).toEqual(sumObject)
    })
  }
})
