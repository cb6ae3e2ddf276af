/** What `mollmr ask --show` can show beside the answer. */
export const shown = ['trace', 'drafts'] as const
export type Shown = (typeof shown)[number]
