/** Stands in the place of the project for accounts. */
export const instancePlace = '*'

/** What the sealed id of an erased person is bound to. `whose`: his fingerprint, or the id of an account. */
export const sealedAbout = (project: string, whose: string): string => `erasure/${project}/${whose}`

/** What the marks of a person's names are bound to. */
export const marksAbout = (project: string, fingerprint: string): string => `erasure-marks/${project}/${fingerprint}`

/** What his other names are bound to. */
export const namesAbout = (project: string, fingerprint: string): string => `erasure-names/${project}/${fingerprint}`
