import type { CodeBoundary } from '../../kernel/ports/index.ts'

/** What the operator says of code of people on this machine, and how many people may bring some. */
export interface CodePolicy {
  readonly codeExecution: 'contained' | 'off' | 'uncontained'
  /** People who hold `code:execute` in any project. */
  people(): Promise<number>
}

/** What mends it, said by start, doctor, status and the step alike. */
export const containIt = 'Start it with --code-execution contained.'
/** What a machine without a boundary can do about it. */
export const orNot =
  'Run this server on Linux 5.13 or newer with Landlock and seccomp allowed; or, on a machine that only you use, start it with --code-execution uncontained: steps can then do all that you can.'

/** Why code of people may not run here now; undefined when it may. */
export async function refusalOf(
  { codeExecution, people }: CodePolicy,
  boundary: () => Promise<CodeBoundary>,
): Promise<string | undefined> {
  if (codeExecution === 'off') return `Code of people does not run on this server (codeExecution is off). ${containIt}`
  if (codeExecution === 'uncontained') {
    const count = await people()
    return count < 2 ? undefined : tooMany(count)
  }
  const found = await boundary()
  return found.contained ? undefined : `${cannotContain(found)} ${orNot}`
}

/** What this machine lacks to contain code. */
export function cannotContain({ layers }: CodeBoundary): string {
  const missing = layers.filter(({ active }) => !active).map(({ name, found }) => `${name}: ${found}`)
  return `This machine cannot contain code of people (${missing.join('; ')}), so that none runs.`
}

/** Where code would run without a boundary although more than one person may bring some. */
const tooMany = (count: number): string =>
  `${count} people hold code:execute, and codeExecution is uncontained: each could read the keys and the data of all. ${containIt}`
