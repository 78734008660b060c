import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock/index.ts'
import type { Database, Reader, Trx } from '../db/index.ts'
import type { EventLog } from '../events/index.ts'
import { newId, urn } from '../ids/index.ts'
import type { Vault } from '../vault/index.ts'
import { isSealed, keyIdOf, keyMark, openText, sealText, type SubjectKey, subjectKeyBytes } from './sealed-text.ts'
import { createSubjectRoots, type SubjectRoot } from './subject-roots.ts'
import type { SubjectKeyTable } from './tables.ts'

/** A person as the tables of a project know him. */
export interface SubjectRef {
  readonly project: string
  readonly hash: string
  /** Undefined while nothing of him was ever sealed. */
  readonly id: string | undefined
  readonly madeAt: number | undefined
  readonly erasedAt: number | undefined
}

/** A key as it lies in the table: the person behind a hash, the key wrapped; `sealed` is null where it was destroyed. */
export type SubjectKeyRow = Pick<SubjectKeyTable, 'subject' | 'id' | 'sealed'>

/** Seals a value of one of the subjects that it was made for. */
export interface Sealer {
  (subject: string, place: string, value: string): string
  /** What everything begins with that is sealed with the key of a subject; by itself it stands for him where rows are looked up by him. */
  mark(subject: string): string
  /** The keys of these subjects, for a store on this machine that opens without the database. */
  readonly keys: readonly SubjectKeyRow[]
}

/**
 * Keys of the people whose data a project holds: one key a person, which seals what is personal before it is written where it cannot be taken out again, and
 * is destroyed to erase him. No key stays in memory: each batch looks its keys up, so that an erasure holds for every server at once.
 */
export interface Subjects {
  /**
   * Makes the keys that are missing, and returns what seals a value of one of these subjects for a column. A value of an erased person is not in the text
   * that it returns; a text that is sealed already is returned as it is. A subject may be given as a sealed text: then it is whoever that is of.
   * Call it outside of transactions.
   */
  sealer(project: string, subjects: Iterable<string>): Promise<Sealer>
  /** Keys of those among the subjects that have one, or had one; none is made. Call it outside of transactions. */
  known(project: string, subjects: Iterable<string>): Promise<ReadonlyMap<string, SubjectKeyRow>>
  /** Keys by their ids, erased ones too. */
  keysOf(project: string, ids: readonly string[]): Promise<SubjectKeyRow[]>
  /** Keys that were destroyed at `since` or later, in all projects. */
  erasedSince(since: number): Promise<(Pick<SubjectKeyRow, 'subject' | 'id'> & { project: string; at: number })[]>
  /** The root of a project's keys in base64, for a process of this machine that keeps it in memory; undefined while the project has no keys. */
  root(project: string): Promise<string | undefined>
  /** Looks up every key that the texts name; what it returns gives the plain text, or undefined for what was erased, changed or is of nobody. */
  opener(project: string, texts: Iterable<unknown>): Promise<(text: string) => string | undefined>
  /** Who a person is in the tables. Call it outside of transactions. */
  resolve(project: string, subject: string): Promise<SubjectRef>
  /** Destroys the key, for good; with the event `subject.erased` the first time. What comes of this person later is stored as erased. */
  erase(trx: Trx, ref: SubjectRef, by: string): Promise<{ id: string; first: boolean }>
  /** Destroys keys by their ids once more, where a restore has brought them back; returns how many were there. */
  eraseAgain(trx: Trx, project: string, ids: readonly string[], at: number): Promise<number>
  /** How many people have a key, and how many had one. */
  counts(db: Reader, project: string): Promise<{ kept: number; erased: number }>
}

const batch = 500

export function createSubjects({
  db,
  clock,
  events,
  vault,
}: {
  db: Database
  clock: Clock
  events: EventLog
  vault: Vault
}): Subjects {
  const { rootOf, raw } = createSubjectRoots({ db, clock, vault })

  const rowsWhere = async (
    project: string,
    column: 'subject' | 'id',
    values: readonly string[],
  ): Promise<SubjectKeyRow[]> => {
    const found: SubjectKeyRow[] = []
    for (let at = 0; at < values.length; at += batch)
      found.push(
        ...(await db.read
          .selectFrom('subject_key')
          .select(['subject', 'id', 'sealed'])
          .where('project_id', '=', project)
          .where(column, 'in', values.slice(at, at + batch))
          .execute()),
      )
    return found
  }
  const makeKeys = async (project: string, root: SubjectRoot, hashes: readonly string[]): Promise<void> => {
    for (let at = 0; at < hashes.length; at += batch) {
      const rows = hashes.slice(at, at + batch).map((subject) => {
        const id = newId('sbj')
        return {
          project_id: project,
          subject,
          id,
          sealed: root.wrap(randomBytes(subjectKeyBytes), aboutKey(project, id)),
          made_at: clock(),
          erased_at: null,
          erased_by: null,
        }
      })
      await db.write.transaction().execute((trx) =>
        trx
          .insertInto('subject_key')
          .values(rows)
          .onConflict((c) => c.columns(['project_id', 'subject']).doNothing())
          .execute(),
      )
    }
  }
  const unwrap = (root: SubjectRoot, project: string, row: SubjectKeyRow): SubjectKey | undefined =>
    row.sealed === null ? undefined : root.unwrap(row.sealed, aboutKey(project, row.id))

  const sealer: Subjects['sealer'] = async (project, subjects) => {
    const root = await rootOf(project)
    const hashes = new Map<string, string>()
    const ids = new Set<string>()
    for (const subject of subjects) {
      const id = keyIdOf(subject)
      if (id !== undefined) ids.add(id)
      else if (!hashes.has(subject)) hashes.set(subject, root.hash(subject))
    }
    const wanted = [...hashes.values()]
    let rows = await rowsWhere(project, 'subject', wanted)
    const there = new Set(rows.map((row) => row.subject))
    const missing = wanted.filter((hash) => !there.has(hash))
    if (missing.length > 0) {
      await makeKeys(project, root, missing)
      // Another server may have made, or erased, one of them first.
      rows = [...rows, ...(await rowsWhere(project, 'subject', missing))]
    }
    const byHash = new Map(rows.map((row) => [row.subject, { id: row.id, key: unwrap(root, project, row) }]))
    const named = await rowsWhere(project, 'id', [...ids])
    const byId = new Map(named.map((row) => [row.id, { id: row.id, key: unwrap(root, project, row) }]))
    const keyOf = (subject: string): { id: string; key: SubjectKey | undefined } => {
      const id = keyIdOf(subject)
      const found = id === undefined ? byHash.get(hashes.get(subject) ?? '') : (byId.get(id) ?? { id, key: undefined })
      if (!found) throw new Error('A value is to be sealed for a subject that was not named before.')
      return found
    }
    const seal = (subject: string, place: string, value: string): string => {
      if (isSealed(value)) return value
      const { id, key } = keyOf(subject)
      return sealText(key, { project, id, place }, value)
    }
    return Object.assign(seal, { mark: (subject: string) => keyMark(keyOf(subject).id), keys: [...rows, ...named] })
  }

  return {
    sealer,
    known: async (project, subjects) => {
      const all = [...new Set(subjects)]
      if (all.length === 0 || (await raw(project)) === undefined) return new Map()
      const root = await rootOf(project)
      const hashes = new Map(all.filter((one) => !isSealed(one)).map((one) => [root.hash(one), one]))
      const ids = new Map(all.filter(isSealed).map((one) => [keyIdOf(one) ?? '', one]))
      const found = [
        ...(await rowsWhere(project, 'subject', [...hashes.keys()])).map(
          (row) => [hashes.get(row.subject), row] as const,
        ),
        ...(await rowsWhere(project, 'id', [...ids.keys()])).map((row) => [ids.get(row.id), row] as const),
      ]
      return new Map(found.map(([subject = '', row]) => [subject, row]))
    },
    keysOf: (project, ids) => rowsWhere(project, 'id', ids),
    erasedSince: async (since) => {
      const rows = await db.read
        .selectFrom('subject_key')
        .select(['project_id', 'subject', 'id', 'erased_at'])
        .where('erased_at', '>=', since)
        .execute()
      return rows.map(({ project_id: project, subject, id, erased_at: at }) => ({ project, subject, id, at: at ?? 0 }))
    },
    root: raw,
    opener: async (project, texts) => {
      const ids = new Set<string>()
      for (const text of texts) {
        const id = isSealed(text) ? keyIdOf(text) : undefined
        if (id !== undefined) ids.add(id)
      }
      if (ids.size === 0) return () => undefined
      const root = await rootOf(project)
      const keys = new Map<string, SubjectKey>()
      for (const row of await rowsWhere(project, 'id', [...ids])) {
        const key = attempt(() => unwrap(root, project, row))
        if (key) keys.set(row.id, key)
      }
      return (text) => {
        const key = keys.get(keyIdOf(text) ?? '')
        return key && openText(key, project, text)
      }
    },
    resolve: async (project, subject) => {
      const hash = (await rootOf(project)).hash(subject)
      const row = await db.read
        .selectFrom('subject_key')
        .select(['id', 'made_at', 'erased_at'])
        .where('project_id', '=', project)
        .where('subject', '=', hash)
        .executeTakeFirst()
      return { project, hash, id: row?.id, madeAt: row?.made_at, erasedAt: row?.erased_at ?? undefined }
    },
    erase: async (trx, { project, hash }, by) => {
      const at = clock()
      const gone = { sealed: null, erased_at: at, erased_by: by }
      const made = await trx
        .insertInto('subject_key')
        .values({ project_id: project, subject: hash, id: newId('sbj'), made_at: at, ...gone })
        .onConflict((c) => c.columns(['project_id', 'subject']).doNothing())
        .returning('id')
        .executeTakeFirst()
      const first =
        made ??
        (await trx
          .updateTable('subject_key')
          .set(gone)
          .where('project_id', '=', project)
          .where('subject', '=', hash)
          .where('erased_at', 'is', null)
          .returning('id')
          .executeTakeFirst())
      if (first) {
        await events.append(trx, {
          project,
          name: 'subject.erased',
          schema: 1,
          by,
          subject: urn(project, 'subject', first.id),
          refs: [],
          data: { id: first.id },
        })
        return { id: first.id, first: true }
      }
      const { id } = await trx
        .selectFrom('subject_key')
        .select('id')
        .where('project_id', '=', project)
        .where('subject', '=', hash)
        .executeTakeFirstOrThrow()
      return { id, first: false }
    },
    eraseAgain: async (trx, project, ids, at) => {
      let erased = 0
      for (let from = 0; from < ids.length; from += batch) {
        const { numUpdatedRows } = await trx
          .updateTable('subject_key')
          .set({ sealed: null, erased_at: at, erased_by: 'system:restore' })
          .where('project_id', '=', project)
          .where('id', 'in', ids.slice(from, from + batch))
          .where('sealed', 'is not', null)
          .executeTakeFirst()
        erased += Number(numUpdatedRows)
      }
      return erased
    },
    counts: async (reader, project) => {
      const row = await reader
        .selectFrom('subject_key')
        .select((e) => [e.fn.countAll<number>().as('rows'), e.fn.count<number>('erased_at').as('erased')])
        .where('project_id', '=', project)
        .executeTakeFirstOrThrow()
      return { kept: Number(row.rows) - Number(row.erased), erased: Number(row.erased) }
    },
  }
}

const aboutKey = (project: string, id: string): string => `subject/${project}/${id}`

/** A key that was changed opens nothing; the values of everybody else are read as before. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
