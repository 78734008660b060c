import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { largestTable } from '@trivium/contract'
import { AppError } from '../../../kernel/errors/index.ts'
import type { Relation, TableColumn, TableFormat } from '../../../kernel/ports/index.ts'
import { artifactFiles } from '../artifacts.ts'
import type { TrackingDeps } from '../experiments.ts'
import type { TableHead } from './table-rows-thread.ts'

const module = new URL(`./table-rows-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const timeoutMs = 20_000
const formats: Readonly<Record<string, TableFormat>> = { csv: 'csv', parquet: 'parquet', json: 'ndjson' }

export type TableDeps = Pick<TrackingDeps, 'db' | 'blobs' | 'tables' | 'paths'>

/** A table of a run that can be queried: `column` is what its file calls a column. */
export interface OpenedTable {
  readonly relation: Relation
  readonly rows: number
  readonly columns: readonly (TableColumn & { readonly column: string })[]
}

/** Opens a run's table for the table engine, or says why it cannot be; a file that breaks its reader breaks a process of its own. */
export async function openTable(
  deps: TableDeps,
  { project, run, path, folder, at }: { project: string; run: string; path: string; folder: string; at: number },
): Promise<OpenedTable | { readonly problem: string }> {
  const { db, blobs, tables } = deps
  const format = formats[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? '']
  const file = (await artifactFiles(db.read, project, { kind: 'run', id: run }, path)).find((one) => one.path === path)
  if (!file) return { problem: 'logged no file of this path' }
  if (!format) return { problem: 'is neither CSV nor Parquet nor JSON' }
  const most = format === 'ndjson' ? largestTable.json : largestTable.other
  if (file.size > most) return { problem: `is larger than ${most / 1024 / 1024} MB; download it` }
  const local = await blobs.localPath(project, file.digest)
  if (format === 'ndjson') {
    const bytes = await db.offload({ module, name: 'tableRowBytes', input: { path: local } })
    const end = bytes.indexOf(10)
    const head = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()) as TableHead
    if ('problem' in head) return head
    const lines = join(folder, `${at}.ndjson`)
    await writeFile(lines, bytes.subarray(end + 1))
    const columns = head.columns.map(({ name, type }, place) => ({ name, type, column: `c${place}` }))
    const read: Relation = {
      format,
      files: head.rows === 0 ? [] : [lines],
      columns: columns.map(({ column, type }) => ({ name: column, type })),
    }
    // A reader of JSON takes 128 MB whatever it reads: several tables in one query would not fit, so each becomes Parquet by itself.
    const output = join(folder, `${at}.parquet`)
    await tables.write(
      { sql: 'select * from t', relations: { t: read }, trusted: false, output: { path: output, format: 'parquet' } },
      { timeoutMs },
    )
    return { relation: { format: 'parquet', files: [output] }, rows: head.rows, columns }
  }
  try {
    const described = await tables.describe({ path: local, format, name: path }, { timeoutMs })
    const columns = described.columns.map(({ name, type }) => ({ name, type, column: name }))
    // What describing a CSV found out by all of its rows is what the query reads it as.
    const declared = format === 'csv' ? { columns: columns.map(({ name, type }) => ({ name, type })) } : {}
    return { relation: { format, files: [local], ...declared }, rows: described.rows, columns }
  } catch (error) {
    if (error instanceof AppError && error.code === 'TABLES.UNREADABLE_FILE') return { problem: error.message }
    throw error
  }
}
