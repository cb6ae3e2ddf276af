import process from 'node:process'
import type { Metrics, Tally } from '../metrics/metrics.ts'
import type { RequestLog } from '../store/request-log.ts'
import { residentBytes } from './resident-bytes.ts'

/** What only the process knows of itself. Returned is the count of configs that could not be taken. */
export function processMetrics(metrics: Metrics, log: RequestLog | null): Tally {
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process.', residentBytes)
  metrics.gauge('process_start_time_seconds', 'When the process began.', () => Date.now() / 1000 - process.uptime())
  if (log) {
    metrics.readCounter('mollmr_log_dropped_total', 'Requests that are missing in the log.', () => log.dropped)
  }
  return metrics.counter('mollmr_config_reload_failed_total', 'Changed configs that could not be used.').tally({})
}
