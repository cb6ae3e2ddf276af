/** Every text of a simulated model begins with it, so that nobody takes it for an answer. */
export const simulatedLabel = '(simulated) '
