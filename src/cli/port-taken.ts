export interface Address {
  readonly host: string
  readonly port: number
}

/** What is wrong where another program listens already. */
export function portTaken({ host, port }: Address): string {
  return `Port ${port} of ${host} is taken.`
}

/** What to do then. */
export function otherPort({ port }: Address): string {
  return `Choose another: mollmr start --port ${port + 1}`
}
