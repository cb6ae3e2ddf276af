/** What the commands end with. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** A config that cannot be meant: EX_CONFIG of sysexits. */
  config: 78,
  interrupted: 130,
} as const
