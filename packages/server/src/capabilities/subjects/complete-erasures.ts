import type { SubjectFinding } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import type { ClaimedJob } from '../../kernel/jobs/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { SubjectData } from '../../kernel/ports/index.ts'
import { findingOf } from './finding.ts'
import { noteErasure } from './note-erasure.ts'
import { sealedAbout } from './sealed-about.ts'
import './tables.ts'

const kind = 'subjects.erase'
/** With a minute between attempts, four hours. */
const attempts = 240

/** Queues what is left to do of an erasure, in the transaction that began it. */
export type QueueErasure = (trx: Trx, erasure: { project: string; keyId: string }) => Promise<void>

/**
 * Does what an erasure has to do beside the key: notes it outside of the database, and lets every capability remove what the key does not cover. One that fails
 * does not keep the others; the job is tried until all are through, and only then forgets who it was.
 */
export function completeErasures(
  { db, clock, jobs, vault, paths, config }: Pick<Kernel, 'db' | 'clock' | 'jobs' | 'vault' | 'paths' | 'config'>,
  dataOf: (project: string) => readonly SubjectData[],
): QueueErasure {
  const rowOf = (project: string, keyId: string) =>
    db.read
      .selectFrom('erasure')
      .selectAll()
      .where('project_id', '=', project)
      .where('key_id', '=', keyId)
      .executeTakeFirst()
  const handle = async (job: ClaimedJob<{ keyId: string }>): Promise<void> => {
    const { project } = job
    const row = await rowOf(project, job.input.keyId)
    if (!row || row.sealed_subject === null) return
    const directories = [paths.data, config.checkpointDirectory].filter((one) => one !== '')
    await noteErasure(directories, {
      erasure: row.id,
      project,
      subject: row.key_id,
      fingerprint: row.fingerprint,
      at: row.erased_at,
    })
    const subject = await vault.open(row.sealed_subject, sealedAbout(project, row.fingerprint || row.key_id))
    const person = { project, subject, keyId: row.key_id }
    const changed = JSON.parse(row.changed) as SubjectFinding[]
    const failed: string[] = []
    for (const one of dataOf(project)) {
      try {
        for (const count of await one.erase(person)) if (count.count > 0) add(changed, findingOf(one.capability, count))
      } catch (error) {
        failed.push(`${one.capability}: ${withoutName((error as Error).message, subject)}`)
      }
    }
    const now = { changed: JSON.stringify(changed), error: failed.length === 0 ? null : failed.join('; ') }
    const update = (
      trx: Trx,
      values: Partial<typeof now & { state: 'finished'; sealed_subject: null; finished_at: number }>,
    ) =>
      trx
        .updateTable('erasure')
        .set(values)
        .where('project_id', '=', project)
        .where('key_id', '=', row.key_id)
        // Begun anew meanwhile: that attempt says what it found.
        .where('sealed_subject', '=', row.sealed_subject)
        .execute()
    if (failed.length === 0) {
      await job.complete(async (trx) => {
        await update(trx, { ...now, state: 'finished', sealed_subject: null, finished_at: clock() })
      })
      return
    }
    await db.write.transaction().execute((trx) => update(trx, now))
    throw new Error(failed.join('; '))
  }
  jobs.handle({
    kind,
    concurrency: 1,
    background: true,
    handle,
    onFailed: async (trx, { project, input }) => {
      await trx
        .updateTable('erasure')
        .set({ state: 'failed' })
        .where('project_id', '=', project)
        .where('key_id', '=', input.keyId)
        .execute()
    },
  })
  return async (trx, { project, keyId }) => {
    await jobs.enqueue(trx, { project, kind, input: { keyId }, key: keyId, maxAttempts: attempts })
  }
}

/** Attempts add up. */
function add(to: SubjectFinding[], one: SubjectFinding): void {
  const same = to.find(
    (other) => other.capability === one.capability && other.kind === one.kind && other.where === one.where,
  )
  if (!same) to.push(one)
  else to[to.indexOf(same)] = { ...same, count: same.count + one.count, plain: same.plain + one.plain }
}

/** An error of a capability may say whom it was about; the record and the log must not. */
const withoutName = (message: string, subject: string): string => message.replaceAll(subject, 'the person')
