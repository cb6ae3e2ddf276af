/** What every mixture is held to, whether a config, a request or a program makes it. */

/** Calls to workers, samples counted, where nobody has raised it: published gains flatten after 3. */
export const mostDrafts = 16

/** Mixtures and routers one inside another: each level multiplies the calls. */
export const deepestNest = 3
