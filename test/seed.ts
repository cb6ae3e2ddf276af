const given = process.env['MOLLMR_SEED']

export const isSeeded = given !== undefined
/** What is random in a test, it draws from here: `npm run matrix` runs the same tests with many seeds. */
export const seed = Number(given ?? 1)
