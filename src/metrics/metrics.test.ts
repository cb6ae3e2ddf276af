import { expect, it } from 'vitest'
import { Metrics } from './metrics.ts'

it('writes counters and gauges as Prometheus reads them', () => {
  const metrics = new Metrics()
  const calls = metrics.counter('calls_total', 'Calls.')
  metrics.gauge('rooms', 'Rooms.', () => [{ labels: { name: 'a "b"\\\n' }, value: 1.5 }])
  metrics.readCounter('dropped_total', 'Dropped.', () => 3)
  calls.add({ model: 'a' })
  calls.add({ model: 'a' }, 2)
  calls.add({ model: 'b' })
  expect(metrics.write()).toBe(
    [
      '# HELP calls_total Calls.',
      '# TYPE calls_total counter',
      'calls_total{model="a"} 3',
      'calls_total{model="b"} 1',
      '# HELP rooms Rooms.',
      '# TYPE rooms gauge',
      'rooms{name="a \\"b\\"\\\\\\n"} 1.5',
      '# HELP dropped_total Dropped.',
      '# TYPE dropped_total counter',
      'dropped_total 3',
      '',
    ].join('\n'),
  )
})

it('has a line for a counter without labels once it has counted', () => {
  const metrics = new Metrics()
  const counter = metrics.counter('x_total', 'X.')
  expect(metrics.write()).not.toContain('x_total 1')
  counter.add()
  expect(metrics.write()).toContain('\nx_total 1\n')
})
