import type { Database } from '../../kernel/db/index.ts'

/** Counts of a run and the digest of its canonical content, as it is stored. */
export interface RunDigest {
  readonly run: string
  readonly params: number
  readonly tags: number
  readonly points: number
  readonly digest: string
}

/** Reads runs with all their points and digests them; what is not there is left out. */
export async function runDigests(db: Database, project: string, runs: readonly string[]): Promise<RunDigest[]> {
  const bytes = await db.offload({
    module: new URL(`digest-runs-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
    name: 'runDigestBytes',
    input: { project, runs },
  })
  return (JSON.parse(Buffer.from(bytes).toString()) as { runs: RunDigest[] }).runs
}
