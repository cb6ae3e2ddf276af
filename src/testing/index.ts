/**
 * Doubles for testing programs that use MoLLMR: a clock that stands still, scripted models, a gateway on a free port, a rude
 * client.
 */
export { type ChaosClient, openChaosClient, writeRequest } from './chaos-client.ts'
export {
  chaosText,
  type ChaosOptions,
  type ChaosUpstream,
  type FaultName,
  faultNames,
  faults,
  startChaosUpstream,
} from './chaos-upstream.ts'
export type { ChaosCall, Fault, Outcome } from './chaos/fault.ts'
export { FakeClock, settlePromises } from './fake-clock.ts'
export {
  createFailingModel,
  createFakeModel,
  createSayingModel,
  type FakeCall,
  type FakeModel,
  type FakeModelOptions,
  type FakeStep,
  textSteps,
} from './fake-model.ts'
export { type RunGatewayOptions, type RunningGateway, runGateway } from './run-gateway.ts'
