/**
 * Who acts where tools are on offer. `advise`: the aggregate, on what the workers have advised once for this turn of the
 * user; `every_turn`: the same, but they are asked at each step; `select`: the worker whose draft the aggregate names;
 * `bypass`: the aggregate, and no worker is asked.
 */
export type ToolsMode = 'advise' | 'bypass' | 'select' | 'every_turn'
