import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { explainDatabaseError } from '../../kernel/db/database-errors.ts'
import type { OnlineReader, OnlineRow, OnlineStore } from '../../kernel/ports/online-store.ts'

interface StoredRow {
  row_id: string
  event_time: number
  known_at: number
  row_values: string
}

const schema = `
  pragma journal_mode = wal; pragma synchronous = normal; pragma busy_timeout = 5000;
  create table if not exists online_row (
    view text not null, entity_key text not null, event_time integer not null, row_id text not null, known_at integer not null, row_values text not null,
    primary key (view, entity_key, event_time, row_id)
  ) without rowid;
  create index if not exists online_row_time on online_row (view, event_time);`

/** One SQLite file a project (WAL): main appends, readers in other processes see each committed push at once. */
export function createOnlineSqlite({ directory }: { directory: string }): OnlineStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const reader = openOnlineReader({ directory })
  const open = new Map<string, { raw: DatabaseSync; insert: StatementSync; expire: StatementSync }>()
  const writer = (project: string) => {
    const known = open.get(project)
    if (known) return known
    const raw = new DatabaseSync(pathOf(directory, project))
    raw.exec(schema)
    const made = {
      raw,
      insert: raw.prepare(
        'insert or ignore into online_row (view, entity_key, event_time, row_id, known_at, row_values) values (?, ?, ?, ?, ?, ?)',
      ),
      expire: raw.prepare('delete from online_row where view = ? and event_time < ?'),
    }
    open.set(project, made)
    return made
  }
  return {
    push: (project, view, rows) => {
      const { raw, insert } = writer(project)
      let added = 0
      raw.exec('begin immediate')
      try {
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
    expire: (project, view, before) => Number(writer(project).expire.run(view, before).changes),
    window: reader.window,
    close: () => {
      reader.close()
      for (const { raw } of open.values()) raw.close()
    },
  }
}

/** Read-only access, for the gateway. A project without rows has no file yet and answers with none. */
export function openOnlineReader({ directory }: { directory: string }): OnlineReader {
  const open = new Map<string, { raw: DatabaseSync; select: StatementSync }>()
  const statement = (project: string): StatementSync | undefined => {
    const known = open.get(project)
    if (known) return known.select
    const path = pathOf(directory, project)
    if (!existsSync(path)) return undefined
    const raw = new DatabaseSync(path, { readOnly: true })
    raw.exec('pragma busy_timeout = 1000')
    const select = raw.prepare(
      'select row_id, event_time, known_at, row_values from online_row where view = ? and entity_key = ? and event_time > ? and event_time <= ? and known_at <= ? order by event_time, row_id',
    )
    open.set(project, { raw, select })
    return select
  }
  return {
    window: (project, view, key, from, asOf): OnlineRow[] =>
      ((statement(project)?.all(view, key, from, asOf, asOf) ?? []) as unknown as StoredRow[]).map((row) => ({
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
