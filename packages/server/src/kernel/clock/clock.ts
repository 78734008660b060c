/** Now, in milliseconds UTC. An argument everywhere, so that tests set it. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()
