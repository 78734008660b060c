import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eraseAccount } from './capabilities/access/index.ts'
import { type ErasureLine, erasuresFile, parseErasureLines, queueErasure } from './capabilities/subjects/index.ts'
import { backupErrors } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import type { Trx } from './kernel/db/index.ts'
import { newId } from './kernel/ids/index.ts'
import { openSnapshot } from './open-snapshot.ts'

/** Where a restore learns of erasures that are later than what it restores. */
export interface ErasureSources {
  /** Files that a server noted them in, or that `trivium subjects erasures --file` wrote. */
  readonly files?: readonly string[]
  /** The database that the restored one replaces. */
  readonly replaces?: Pick<Config, 'data' | 'databaseUrl'>
}

/** What was found in them; `from` names the sources, none when there was none to look into. */
export interface LaterErasures {
  readonly lines: readonly ErasureLine[]
  readonly from: readonly string[]
}

/** Reads all sources, with the file beside the checkpoints where there is one. */
export async function readErasures(
  { checkpointDirectory }: Pick<Config, 'checkpointDirectory'>,
  { files = [], replaces }: ErasureSources,
): Promise<LaterErasures> {
  const found = new Map<string, ErasureLine>()
  const from: string[] = []
  const add = (source: string, lines: readonly ErasureLine[]): void => {
    from.push(source)
    for (const line of lines) found.set(`${line.project}\n${line.subject}`, line)
  }
  const beside = checkpointDirectory === '' ? '' : join(checkpointDirectory, erasuresFile)
  for (const file of [...files, ...(beside !== '' && existsSync(beside) ? [beside] : [])]) {
    try {
      add(file, parseErasureLines(await readFile(file, 'utf8')))
    } catch (error) {
      throw backupErrors.BAD_ERASURES(file, (error as Error).message)
    }
  }
  if (replaces) add(placeOf(replaces), await erasuresIn(replaces))
  return { lines: [...found.values()], from }
}

function placeOf({ data, databaseUrl }: Pick<Config, 'data' | 'databaseUrl'>): string {
  if (databaseUrl === '') return data
  const url = new URL(databaseUrl)
  url.password = ''
  return url.href
}

async function erasuresIn(place: Pick<Config, 'data' | 'databaseUrl'>): Promise<ErasureLine[]> {
  const snapshot = await openSnapshot(place)
  try {
    const found: ErasureLine[] = []
    if (!(await snapshot.tables()).includes('erasure')) return found
    for await (const { columns, rows } of snapshot.rows('erasure')) {
      const value = (row: readonly unknown[], name: string): unknown => row[columns.indexOf(name)]
      for (const row of rows)
        found.push({
          erasure: String(value(row, 'id')),
          project: String(value(row, 'project_id')),
          subject: String(value(row, 'key_id')),
          fingerprint: String(value(row, 'fingerprint')),
          at: Number(value(row, 'erased_at')),
          ...(columns.includes('marks') && value(row, 'marks') !== null ? { marks: String(value(row, 'marks')) } : {}),
        })
    }
    return found
  } finally {
    await snapshot.close()
  }
}

/**
 * Erases again whoever was erased: after the backup was made, or before it where the keys are older than that. Returns how many keys and accounts the restore had brought
 * back. A person whom the backup does not know yet gets a tombstone, so that his rows are stored as erased when they come.
 */
export async function replayErasures(
  trx: Trx,
  later: readonly ErasureLine[],
  { withKeys, at }: { withKeys: boolean; at: number },
): Promise<number> {
  const known = await trx
    .selectFrom('erasure')
    .select(['id as erasure', 'project_id as project', 'key_id as subject', 'fingerprint', 'erased_at as at', 'marks'])
    .execute()
  const recorded = new Map(known.map((one) => [one.erasure, one.marks]))
  const before = known.map(({ marks, ...line }): ErasureLine => ({ ...line, ...(marks === null ? {} : { marks }) }))
  const all = new Map([...before, ...later].map((line) => [`${line.project}\n${line.subject}`, line]))
  let again = 0
  for (const line of all.values()) {
    if (line.project === '*') again += (await eraseAccount(trx, line.subject, at)).account
    else if (withKeys) again += await eraseKey(trx, line)
    const marks = line.marks ?? null
    if (recorded.has(line.erasure)) {
      // By more of his names since.
      if (marks === null || marks === recorded.get(line.erasure)) continue
      await trx.updateTable('erasure').set({ state: 'running', marks }).where('id', '=', line.erasure).execute()
      await queueErasure(trx, { project: line.project, keyId: line.subject, at })
      continue
    }
    // What texts say of him is in the clear again: the server searches them when it starts.
    await trx
      .insertInto('erasure')
      .values({
        id: line.erasure.startsWith('ers_') ? line.erasure : newId('ers'),
        project_id: line.project,
        key_id: line.subject,
        fingerprint: line.fingerprint,
        sealed_subject: null,
        state: marks === null ? 'finished' : 'running',
        reason: 'Was erased after the backup that was restored, and again by the restore.',
        erased_at: line.at,
        erased_by: 'system:restore',
        finished_at: marks === null ? at : null,
        found: '[]',
        changed: '[]',
        models: '[]',
        error: null,
        sealed_names: null,
        marks,
        looked: '[]',
        left_over: '[]',
      })
      .onConflict((c) => c.doNothing())
      .execute()
    if (marks !== null) await queueErasure(trx, { project: line.project, keyId: line.subject, at })
  }
  return again
}

async function eraseKey(trx: Trx, line: ErasureLine): Promise<number> {
  const gone = { sealed: null, erased_at: line.at, erased_by: 'system:restore' }
  const { numUpdatedRows } = await trx
    .updateTable('subject_key')
    .set(gone)
    .where('project_id', '=', line.project)
    .where((e) => e.or([e('id', '=', line.subject), e('subject', '=', line.fingerprint)]))
    .where('sealed', 'is not', null)
    .executeTakeFirst()
  await trx
    .insertInto('subject_key')
    .values({ project_id: line.project, subject: line.fingerprint, id: line.subject, made_at: line.at, ...gone })
    .onConflict((c) => c.doNothing())
    .execute()
  return Number(numUpdatedRows)
}
