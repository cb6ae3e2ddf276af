import type { DatabaseSync } from 'node:sqlite'

const tables = `
  create table if not exists requests (
    id text primary key, started_at integer not null, route text, route_source text, model text, degraded text,
    outcome text not null, total_ms real not null
  ) strict;
  create table if not exists calls (
    request_id text not null references requests (id), stage text not null, requested text not null, resolved text,
    outcome text not null, prompt_tokens integer, completion_tokens integer, cached_tokens integer,
    reasoning_tokens integer, source text not null, cost_usd real, first_content_ms real, total_ms real not null
  ) strict;
  create index if not exists calls_by_request on calls (request_id);
  create table if not exists running (
    id text primary key, started_at integer not null, route text, pid integer not null
  ) strict;
  create table if not exists losses (noticed_at integer not null, requests integer not null) strict;
`

/** Of `calls`, since files exist that have been made without them; null in the rows of those. */
const laterColumns = ['attempt integer', 'status integer', 'step integer', 'headers_ms real', 'bytes integer']

/** Makes what is missing of the tables of the request log; what is there stays. */
export function makeTables(database: DatabaseSync): void {
  database.exec(tables)
  if (missingColumns(database).length === 0) return
  // Another process may be about the same.
  database.exec('begin immediate')
  for (const column of missingColumns(database)) database.exec(`alter table calls add column ${column}`)
  database.exec('commit')
}

function missingColumns(database: DatabaseSync): readonly string[] {
  const rows = database.prepare('select name from pragma_table_info(?)').all('calls')
  const names = new Set(rows.map(({ name }) => name))
  return laterColumns.filter((column) => !names.has(column.split(' ')[0] ?? ''))
}
