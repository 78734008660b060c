import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { explainDatabaseError } from '../../kernel/db/database-errors.ts'
import {
  keyFormOf,
  type OnlinePerson,
  type OnlineReader,
  type OnlineRow,
  type OnlineStore,
} from '../../kernel/ports/online-store.ts'

interface StoredRow {
  row_id: string
  event_time: number
  known_at: number
  row_values: string
}

const settings = 'pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000'

/** Made at once: who opens the file finds all of it or none. */
const schema = `
  begin immediate;
  create table if not exists online_row (
    view text not null, entity_key text not null, event_time integer not null, row_id text not null, known_at integer not null, row_values text not null,
    primary key (view, entity_key, event_time, row_id)
  ) without rowid;
  create index if not exists online_row_time on online_row (view, event_time);
  create table if not exists online_person (id text primary key, subject text not null, sealed text) without rowid;
  create unique index if not exists online_person_subject on online_person (subject);
  create table if not exists online_key_form (view text not null, form text not null, primary key (view, form)) without rowid;
  commit;`

/** One SQLite file a project (WAL): main appends, readers in other processes see each committed push at once. */
export function createOnlineSqlite({ directory }: { directory: string }): OnlineStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const reader = openOnlineReader({ directory })
  const open = new Map<string, Writer>()
  const writer = (project: string) => {
    const known = open.get(project)
    if (known) return known
    const raw = new DatabaseSync(pathOf(directory, project))
    raw.exec(settings)
    raw.exec(schema)
    const made = {
      raw,
      insert: raw.prepare(
        'insert or ignore into online_row (view, entity_key, event_time, row_id, known_at, row_values) values (?, ?, ?, ?, ?, ?)',
      ),
      expire: raw.prepare('delete from online_row where view = ? and event_time < ?'),
      // A key that was destroyed here stays so, whoever still had it in hand.
      keep: raw.prepare('insert or ignore into online_person (id, subject, sealed) values (?, ?, ?)'),
      form: raw.prepare('insert or ignore into online_key_form (view, form) values (?, ?)'),
      forget: raw.prepare(
        'insert into online_person (id, subject, sealed) values (?, ?, null) on conflict do update set sealed = null where sealed is not null',
      ),
    }
    open.set(project, made)
    return made
  }
  // Readers in other processes find the tables of this program in files of before.
  for (const file of readdirSync(directory)) if (file.endsWith('.sqlite')) writer(file.slice(0, -'.sqlite'.length))
  return {
    push: (project, view, rows, people = []) => {
      const { raw, insert, keep, form } = writer(project)
      let added = 0
      raw.exec('begin immediate')
      try {
        for (const { id, subject, sealed } of people) keep.run(id, subject, sealed)
        if (people.length > 0)
          for (const one of new Set(rows.map(({ key }) => keyFormOf(key)))) if (/[sv]/.test(one)) form.run(view, one)
        for (const row of rows)
          added += Number(
            insert.run(view, row.key, row.eventTime, row.id, row.knownAt, JSON.stringify(row.values)).changes,
          )
        raw.exec('commit')
      } catch (error) {
        // On a full disk SQLite has rolled back by itself.
        if (raw.isTransaction) raw.exec('rollback')
        throw explainDatabaseError(error)
      }
      return added
    },
    forget: (project, people) => {
      if (people.length === 0 || !existsSync(pathOf(directory, project))) return 0
      const { raw, forget } = writer(project)
      // What is freed is overwritten, and is not in the log of the database either, as far as readers let it.
      raw.exec('pragma secure_delete = on')
      let gone = 0
      for (const { id, subject } of people) gone += Number(forget.run(id, subject).changes)
      raw.exec('pragma secure_delete = off')
      if (gone > 0) raw.exec('pragma wal_checkpoint(truncate)')
      return gone
    },
    expire: (project, view, before) => Number(writer(project).expire.run(view, before).changes),
    window: reader.window,
    keyForms: reader.keyForms,
    person: reader.person,
    close: () => {
      reader.close()
      for (const { raw } of open.values()) raw.close()
    },
  }
}

interface Writer {
  readonly raw: DatabaseSync
  readonly insert: StatementSync
  readonly expire: StatementSync
  readonly keep: StatementSync
  readonly form: StatementSync
  readonly forget: StatementSync
}

interface Reader {
  readonly raw: DatabaseSync
  readonly select: StatementSync
  readonly forms: StatementSync
  readonly bySubject: StatementSync
  readonly byId: StatementSync
}

/** Read-only access, for the gateway. A project without rows has no file yet and answers with none. */
export function openOnlineReader({ directory }: { directory: string }): OnlineReader {
  const open = new Map<string, Reader>()
  const readerOf = (project: string): Reader | undefined => {
    const known = open.get(project)
    if (known) return known
    const path = pathOf(directory, project)
    if (!existsSync(path)) return undefined
    const raw = new DatabaseSync(path, { readOnly: true })
    raw.exec('pragma busy_timeout = 1000')
    if (!raw.prepare("select 1 from sqlite_master where name = 'online_key_form'").get()) {
      // Its writer is about to make its tables.
      raw.close()
      return undefined
    }
    const select = raw.prepare(
      'select row_id, event_time, known_at, row_values from online_row where view = ? and entity_key = ? and event_time > ? and event_time <= ? and known_at <= ? order by event_time, row_id',
    )
    const made: Reader = {
      raw,
      select,
      forms: raw.prepare('select form from online_key_form where view = ?'),
      bySubject: raw.prepare('select id, subject, sealed from online_person where subject = ?'),
      byId: raw.prepare('select id, subject, sealed from online_person where id = ?'),
    }
    open.set(project, made)
    return made
  }
  return {
    keyForms: (project, view) =>
      ((readerOf(project)?.forms.all(view) ?? []) as { form: string }[]).map(({ form }) => form),
    person: (project, by, value) => {
      const reader = readerOf(project)
      return (by === 'id' ? reader?.byId : reader?.bySubject)?.get(value) as unknown as OnlinePerson | undefined
    },
    window: (project, view, key, from, asOf): OnlineRow[] =>
      ((readerOf(project)?.select.all(view, key, from, asOf, asOf) ?? []) as unknown as StoredRow[]).map((row) => ({
        id: row.row_id,
        key,
        eventTime: row.event_time,
        knownAt: row.known_at,
        values: JSON.parse(row.row_values),
      })),
    close: () => {
      for (const { raw } of open.values()) raw.close()
    },
  }
}

const pathOf = (directory: string, project: string): string => join(directory, `${project}.sqlite`)
