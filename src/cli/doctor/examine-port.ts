import { UpstreamError } from '../../chat/errors.ts'
import { linkAbort } from '../../chat/link-abort.ts'
import { isObject, parseLoosely } from '../../chat/loose-json.ts'
import type { Clock } from '../../chat/clock.ts'
import { findBindProblem } from '../../gateway/find-bind-problem.ts'
import { getText, type TextResponse } from '../../upstream/http/get-text.ts'
import { createTransport } from '../../upstream/http/transport.ts'
import { addressOf } from '../connect/find-gateway.ts'
import { counted } from '../counted.ts'
import { type Address, otherPort, portTaken } from '../port-taken.ts'
import { type Finding, findingOf } from './finding.ts'

interface Circumstances {
  readonly signal: AbortSignal
  readonly clock: Clock
}

const waitMs = 2000

/** Whether a gateway could listen there, or one does already, and how that is. */
export async function examinePort(address: Address, circumstances: Circumstances): Promise<Finding> {
  const { host, port } = address
  if (port === 0) return findingOf('ok', `any free port of ${host}`)
  const problem = await findBindProblem(address)
  switch (problem) {
    case null:
      return findingOf('ok', `port ${port} of ${host} is free`)
    case 'EADDRINUSE':
      return whoIsThere(address, circumstances)
    case 'EACCES':
      return findingOf('failed', `This user may not listen on port ${port}.`, 'Choose a port from 1024 on.')
    default:
      return findingOf('failed', `Nobody can listen on ${host} here (${problem}).`, 'Correct server.host.')
  }
}

async function whoIsThere(address: Address, circumstances: Circumstances): Promise<Finding> {
  const health = await askForHealth(addressOf(address), circumstances)
  if (!health) return findingOf('failed', `${portTaken(address)} What is there is no MoLLMR.`, otherPort(address))
  const { status, config, models } = health
  const there = `a MoLLMR answers on port ${address.port} of ${address.host}`
  if (status !== 'ok') return findingOf('warning', `${there}, and takes no requests now (${String(status)})`)
  if (config === 'stale')
    return findingOf(
      'warning',
      `${there}, on the config before: the one that it found later cannot be used`,
      'Its log says what is wrong with it; mollmr check does, too.',
    )
  return findingOf('ok', `${there}, and is well: ${counted(Number(models), 'model')}`)
}

/** Undefined where something else is there. */
async function askForHealth(
  url: string,
  { signal, clock }: Circumstances,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const transport = createTransport()
  const link = linkAbort(signal)
  const cancel = clock.after(waitMs, () => {
    link.abort(new UpstreamError('upstream_timeout', `${url} did not answer within ${waitMs} ms.`))
  })
  try {
    const request = { url: new URL(`${url}/health/ready`), headers: {}, signal: link.signal }
    return healthIn(await getText(transport.dispatcher, request))
  } catch {
    return undefined
  } finally {
    cancel()
    link.release()
    await transport.close()
  }
}

function healthIn({ text }: TextResponse): Readonly<Record<string, unknown>> | undefined {
  const health = parseLoosely(text)
  return isObject(health) && 'status' in health && 'models' in health && 'config' in health ? health : undefined
}
