/** What a router does where nothing else is written. */
export const routerDefaults = {
  /** For each choice and each plan. */
  deadlineMs: 5000,
  /** Of the loop guard. */
  callsPerMinute: 60,
} as const
