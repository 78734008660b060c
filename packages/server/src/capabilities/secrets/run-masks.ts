import type { Kernel } from '../../kernel/kernel.ts'
import { createMask, type Mask, type MaskedSecret } from '../../kernel/masking/index.ts'
import { parseSecretReference } from './hand-out.ts'
import { findSecret, placeOf, valueRows } from './stored-value.ts'

/** What hides the secrets of runs in what their steps send to this server, whichever process handed them out. */
export interface RunMasks {
  of(project: string, run: string): Promise<Mask | undefined>
  /** Remembers what a step was given here; it stays hidden when it is rotated while the step works. */
  handed(project: string, run: string, secrets: readonly MaskedSecret[]): void
  /** A value was set: what was read before is read again. */
  changed(): void
  forget(project: string, run: string): void
}

interface Known {
  readonly names: readonly string[]
  readonly handed: MaskedSecret[]
  mask: Mask | undefined
  readAt: number
}

/** Another process may have set a value since. */
const freshMs = 1000
const mostRuns = 1000

export function createRunMasks(
  { db, clock, vault }: Pick<Kernel, 'db' | 'clock' | 'vault'>,
  { namedByRun }: { namedByRun(project: string, run: string): Promise<readonly string[]> },
): RunMasks {
  const runs = new Map<string, Known>()
  const keyOf = (project: string, run: string): string => `${project}/${run}`
  const know = async (project: string, run: string): Promise<Known> => {
    const key = keyOf(project, run)
    const known = runs.get(key)
    if (known) return known
    // What a run names stands in its definition and never changes.
    const names = [
      ...new Set((await namedByRun(project, run)).map((reference) => parseSecretReference(reference).name)),
    ]
    const raced = runs.get(key)
    if (raced) return raced
    const oldest = runs.size >= mostRuns ? runs.keys().next().value : undefined
    if (oldest !== undefined) runs.delete(oldest)
    const made: Known = { names, handed: [], mask: undefined, readAt: 0 }
    runs.set(key, made)
    return made
  }
  const read = async (project: string, { names, handed }: Known): Promise<Mask> => {
    const secrets = [...handed]
    for (const name of names) {
      const place = await findSecret(db.read, project, name)
      const rows = place && (await valueRows(db.read, place, clock()))
      for (const row of rows ? [rows.current, rows.previous] : [])
        if (row?.sealed) secrets.push({ name, value: await vault.open(row.sealed, placeOf(row)) })
    }
    return createMask(secrets)
  }
  return {
    of: async (project, run) => {
      const known = await know(project, run)
      if (known.names.length === 0 && known.handed.length === 0) return undefined
      if (known.mask && performance.now() - known.readAt < freshMs) return known.mask
      known.mask = await read(project, known)
      known.readAt = performance.now()
      return known.mask
    },
    handed: (project, run, secrets) => {
      const key = keyOf(project, run)
      const known = runs.get(key) ?? { names: secrets.map(({ name }) => name), handed: [], mask: undefined, readAt: 0 }
      runs.set(key, known)
      for (const secret of secrets)
        if (!known.handed.some(({ name, value }) => name === secret.name && value === secret.value))
          known.handed.push(secret)
      known.mask = undefined
    },
    changed: () => {
      for (const known of runs.values()) known.mask = undefined
    },
    forget: (project, run) => void runs.delete(keyOf(project, run)),
  }
}
