/** One defence: where it stands in the source, and which tests must fail when it is taken out. */
export interface Defence {
  /** What nobody can do while it stands. */
  readonly name: string
  readonly file: string
  /** The text of the defence; it stands once in the file. */
  readonly cut: string
  /** What stands there without it. */
  readonly put: string
  /** Files of tests, nearest first; one of their tests must fail. */
  readonly tests: readonly string[]
  /** Which kind of hole that other systems had it keeps shut. */
  readonly hole?: Hole
}

/** Kinds of holes that systems of this kind had. */
export const holes = [
  'path traversal',
  'file write',
  'server-side requests',
  'missing authorization',
  'default credentials',
  'foreign pages and hosts',
  'stored scripts',
  'unsafe deserialization',
  'command injection',
  'denial of service',
  'temporary files',
  'name confusion',
  'bucket squatting',
  'connection strings',
  'sessions that survive',
  'SQL injection',
  'too much power at run time',
] as const

export type Hole = (typeof holes)[number]

const server = 'packages/server/src'

/** Defences of one file, with the tests that most of them share. */
export function defencesOf(
  file: string,
  tests: readonly string[],
  list: readonly (readonly [
    name: string,
    cut: string,
    put: string,
    more?: { hole?: Hole; tests?: readonly string[] },
  ])[],
): Defence[] {
  const at = (path: string): string => (/^(packages|python|tests|scripts)\//.test(path) ? path : `${server}/${path}`)
  return list.map(([name, cut, put, more = {}]) => ({
    name,
    file: at(file),
    cut,
    put,
    tests: (more.tests ?? tests).map(at),
    ...(more.hole ? { hole: more.hole } : {}),
  }))
}
