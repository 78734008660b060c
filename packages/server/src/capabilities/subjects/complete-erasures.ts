import type { ErasureLook, ErasureRemainder, SubjectFinding } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { newId } from '../../kernel/ids/index.ts'
import type { ClaimedJob } from '../../kernel/jobs/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { DataSubject, SubjectData } from '../../kernel/ports/index.ts'
import { distinctNames, namesOf, type PersonNames, redactNames } from '../../kernel/subjects/index.ts'
import { findingOf } from './finding.ts'
import { noteErasure } from './note-erasure.ts'
import { marksAbout, namesAbout, sealedAbout } from './sealed-about.ts'
import type { TextData } from './search-texts.ts'
import type { ErasureTable } from './tables.ts'

const kind = 'subjects.erase'
/** With a minute between attempts, four hours. */
const attempts = 240

/** Queues it where no server runs: a restore, whose server does it when it starts. */
export async function queueErasure(trx: Trx, erasure: { project: string; keyId: string; at: number }): Promise<void> {
  const { project, keyId, at } = erasure
  await trx
    .insertInto('job')
    .values({
      id: newId('job'),
      project_id: project,
      kind,
      key: keyId,
      again: null,
      input: JSON.stringify({ keyId }),
      state: 'queued',
      rank: 0,
      attempt: 0,
      max_attempts: attempts,
      not_before: at,
      fence: 0,
      lease_until: null,
      worker: null,
      error: null,
      created_at: at,
      finished_at: null,
      traceparent: null,
    })
    .onConflict((c) => c.doNothing())
    .execute()
}

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
  const personOf = async (row: ErasureTable): Promise<DataSubject & { names: PersonNames }> => {
    const { project_id: project, key_id: keyId, fingerprint } = row
    if (row.sealed_subject === null) {
      const names = JSON.parse(await vault.open(row.marks ?? '', marksAbout(project, fingerprint))) as PersonNames
      return { project, subject: '', names, keyId }
    }
    const subject = await vault.open(row.sealed_subject, sealedAbout(project, fingerprint || keyId))
    const others =
      row.sealed_names === null
        ? []
        : (JSON.parse(await vault.open(row.sealed_names, namesAbout(project, fingerprint))) as string[])
    return { project, subject, names: namesOf([subject, ...others]), keyId }
  }
  const handle = async (job: ClaimedJob<{ keyId: string }>): Promise<void> => {
    const { project } = job
    const row = await rowOf(project, job.input.keyId)
    if (!row || row.state === 'finished' || (row.sealed_subject ?? row.marks) === null) return
    const directories = [paths.data, config.checkpointDirectory].filter((one) => one !== '')
    await noteErasure(directories, {
      erasure: row.id,
      project,
      subject: row.key_id,
      fingerprint: row.fingerprint,
      at: row.erased_at,
      ...(row.marks === null ? {} : { marks: row.marks }),
    })
    const person = await personOf(row)
    const changed = JSON.parse(row.changed) as SubjectFinding[]
    const looked: ErasureLook[] = []
    const left: ErasureRemainder[] = unsearched(person.names)
    const failed: string[] = []
    // A restore knows the names by their hashes only, and has destroyed the keys itself.
    for (const one of dataOf(project).filter(({ repeats }) => repeats === true || row.sealed_subject !== null)) {
      const { capability } = one
      try {
        const done = isTextData(one)
          ? await one.redact(person)
          : { changed: await one.erase(person), left: (await one.left?.(person)) ?? [], looked: [] }
        for (const count of done.changed) if (count.count > 0) add(changed, findingOf(capability, count))
        for (const rest of done.left) left.push({ capability, ...rest })
        looked.push(...done.looked)
      } catch (error) {
        failed.push(`${capability}: ${redactNames(person.names, (error as Error).message) ?? (error as Error).message}`)
      }
    }
    const now = {
      changed: JSON.stringify(changed),
      looked: JSON.stringify(looked),
      left_over: JSON.stringify(left),
      error: failed.length === 0 ? null : failed.join('; '),
    }
    const done = { state: 'finished' as const, sealed_subject: null, sealed_names: null }
    const update = (trx: Trx, values: Partial<typeof now & typeof done & { finished_at: number }>) =>
      trx
        .updateTable('erasure')
        .set(values)
        .where('project_id', '=', project)
        .where('key_id', '=', row.key_id)
        // Begun anew meanwhile: that attempt says what it found.
        .where('sealed_subject', row.sealed_subject === null ? 'is' : '=', row.sealed_subject)
        .execute()
    if (failed.length === 0) {
      await job.complete(async (trx) => {
        await update(trx, { ...now, ...done, finished_at: clock() })
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
    (other) =>
      other.capability === one.capability &&
      other.kind === one.kind &&
      other.where === one.where &&
      other.how === one.how,
  )
  if (!same) to.push(one)
  else to[to.indexOf(same)] = { ...same, count: same.count + one.count, plain: same.plain + one.plain }
}

const isTextData = (one: SubjectData): one is TextData => 'redact' in one

/** Names that texts cannot be searched for. */
function unsearched(names: PersonNames): ErasureRemainder[] {
  const all = names.kind === 'plain' ? names.names.length : names.marks.length
  const distinct = distinctNames(names)
  const few = all - (distinct.kind === 'plain' ? distinct.names.length : distinct.marks.length)
  if (few === 0) return []
  return [
    {
      capability: 'subjects',
      kind: 'names',
      where: 'texts',
      count: few,
      why: 'Texts were not searched for a name this short: other things are called the same. Erase again with more of his names.',
    },
  ]
}
