/** Stands in the place of the project for accounts. */
export const instancePlace = '*'

/** What the sealed id of an erased person is bound to. `whose`: his fingerprint, or the id of an account. */
export const sealedAbout = (project: string, whose: string): string => `erasure/${project}/${whose}`
