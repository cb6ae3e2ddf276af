/**
 * The figures that are compared, and the goals for them. Times on a core are compared with the minimal proxy of the
 * same run, because a busy machine moves both alike.
 */
import type { TargetName } from './targets.ts'

/** What a figure may be at most or must be at least: an absolute value, or so many times what another target shows. */
export interface Goal {
  readonly limit: 'at most' | 'at least'
  readonly value: number
  readonly times?: Extract<TargetName, 'raw' | 'Portkey'>
}

export interface Figure {
  readonly title: string
  readonly decimals: number
  /** What this release must reach. */
  readonly goals: readonly Goal[]
  /** What it is to reach later. */
  readonly laterGoals: readonly Goal[]
}

const atMost = (value: number, times?: Goal['times']): Goal => ({ limit: 'at most', value, ...(times && { times }) })
const atLeast = (value: number, times?: Goal['times']): Goal => ({ limit: 'at least', value, ...(times && { times }) })
const figure = (title: string, decimals: number, rest: Partial<Figure> = {}): Figure => ({
  title,
  decimals,
  goals: [],
  laterGoals: [],
  ...rest,
})
/** A caller leaves: how soon the last upstream connection is closed. */
const left = (busy: string): Figure =>
  figure(`caller leaves ${busy}, ms to the last upstream closed, p99`, 1, { goals: [atMost(100)] })

export const figures = {
  bypassRate: figure('bypass, requests/s (64 connections)', 0, {
    laterGoals: [atLeast(20, 'Portkey'), atLeast(0.7, 'raw')],
  }),
  bypassCpu: figure('bypass, CPU µs a request', 1, {
    goals: [atMost(1.8, 'raw'), atMost(0.1, 'Portkey')],
    laterGoals: [atMost(1.4, 'raw')],
  }),
  addedP50: figure('bypass, added ms p50 (390 requests/s)', 2, { laterGoals: [atMost(0.6)] }),
  addedP99: figure('bypass, added ms p99', 2, { laterGoals: [atMost(2)] }),
  streamCpu: figure('stream back to back, CPU µs a chunk', 2, { laterGoals: [atMost(4)] }),
  pacedCpu: figure('300 paced streams, CPU µs a chunk', 1, {
    goals: [atMost(1.5, 'raw')],
    laterGoals: [atMost(1.2, 'raw')],
  }),
  delayP50: figure('20 paced streams, delay a chunk ms p50', 3, { laterGoals: [atMost(0.11)] }),
  delayP99: figure('20 paced streams, delay a chunk ms p99', 3, { laterGoals: [atMost(0.6)] }),
  streamKb: figure('KB a stream (1,000 open)', 0, { laterGoals: [atMost(80)] }),
  mixture1P50: figure('mixture of 3, ms over the ideal, 1 in flight, p50', 2, { laterGoals: [atMost(1.2)] }),
  mixture1P99: figure('mixture of 3, 1 in flight, p99', 2, { laterGoals: [atMost(2.5)] }),
  mixture32P50: figure('mixture of 3, 32 in flight, p50', 2, { goals: [atMost(1.5)], laterGoals: [atMost(0.8)] }),
  mixture32P99: figure('mixture of 3, 32 in flight, p99', 2, { goals: [atMost(6)], laterGoals: [atMost(4)] }),
  mixture128P50: figure('mixture of 3, 128 in flight, p50', 2, { laterGoals: [atMost(0.8)] }),
  mixture128P99: figure('mixture of 3, 128 in flight, p99', 2, { laterGoals: [atMost(4)] }),
  mixtureRate: figure('mixtures/s on one core', 0, { laterGoals: [atLeast(1800)] }),
  firstByteP50: figure('mixture whose workers think for 5 s, ms to the first byte, p50', 0, { goals: [atMost(1500)] }),
  firstByteP99: figure('mixture whose workers think for 5 s, ms to the first byte, p99', 0, { goals: [atMost(1500)] }),
  leftWorkers: left('the workers'),
  leftAggregate: left('the aggregate, before content'),
  leftAnswer: left('the aggregate, in mid-stream'),
  leftRouter: left('the router'),
  leftStream: left('a bypass, in mid-stream'),
  leftWhole: left('a bypass that is not streamed'),
  startUp: figure('start-up ms', 0, { goals: [atMost(400)], laterGoals: [atMost(300)] }),
  idleRss: figure('idle RSS MB', 0, { goals: [atMost(100)], laterGoals: [atMost(85)] }),
} as const satisfies Readonly<Record<string, Figure>>

export type FigureKey = keyof typeof figures
