import type { ChainProblem, ChainReport, ChainState } from '@trivium/contract'
import type { Clock } from '../clock/index.ts'
import type { Database, Reader } from '../db/index.ts'
import type { BlobStore, TableEngine } from '../ports/index.ts'
import type { Checkpoints } from './checkpoints.ts'
import { archivedTo, archivesOf, compareArchive } from './event-archive.ts'

/** Verifies the chain of a project, in the table and in its archives, against every checkpoint that can be found. */
export async function verifyProject(
  {
    db,
    checkpoints,
    blobs,
    tables,
  }: { db: Database; checkpoints: Pick<Checkpoints, 'collect'>; blobs: BlobStore; tables: TableEngine },
  project: string,
): Promise<ChainReport> {
  const found = await checkpoints.collect(project)
  const archives = await archivesOf(db.read, project)
  const archived: ChainProblem[] = []
  for (const archive of archives) archived.push(...(await compareArchive({ db: db.read, blobs, tables }, archive)))
  const bytes = await db.offload({
    module: new URL(`./verify-chain-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
    name: 'verifyChain',
    input: { project, checkpoints: found.checkpoints, archived: archivedTo(archives).batch },
  })
  const report = JSON.parse(new TextDecoder().decode(bytes)) as ChainReport
  // Events that were moved while the table was looked at are missed there.
  if ((await archivesOf(db.read, project)).length > archives.length)
    return verifyProject({ db, checkpoints, blobs, tables }, project)
  const unbelievable = found.problems.map((detail) => ({
    kind: 'checkpoint' as const,
    seq: null,
    event: null,
    batch: null,
    detail,
  }))
  return {
    ...report,
    intact: report.intact && unbelievable.length + archived.length === 0,
    problems: [...unbelievable, ...archived, ...report.problems],
  }
}

/** Remembers the result for whoever asks how far the chain was verified. */
export async function noteVerification(
  { db, clock }: { db: Database; clock: Clock },
  { project, seq, problems, more }: ChainReport,
): Promise<void> {
  await db.write.transaction().execute((trx) =>
    trx
      .updateTable('event_chain')
      .set({ verified_at: clock(), verified_seq: seq, verified_problems: problems.length + more })
      .where('project_id', '=', project)
      .execute(),
  )
}

/** How far a project's events are sealed, signed and verified, as the database says. */
export async function chainState(db: Reader, project: string): Promise<ChainState> {
  const chain = await db.selectFrom('event_chain').selectAll().where('project_id', '=', project).executeTakeFirst()
  const checkpoint = await db
    .selectFrom('event_checkpoint')
    .select(['batch', 'seq', 'at', 'key_id as keyId'])
    .where('project_id', '=', project)
    .orderBy('batch', 'desc')
    .executeTakeFirst()
  return {
    batches: chain?.batches ?? 0,
    events: chain?.events ?? 0,
    seq: chain?.last_seq ?? 0,
    digest: chain?.digest ?? null,
    checkpoint: checkpoint ?? null,
    verified:
      chain && chain.verified_at !== null
        ? { at: chain.verified_at, seq: chain.verified_seq ?? 0, problems: chain.verified_problems ?? 0 }
        : null,
  }
}
