import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Trx } from '../db/index.ts'
import type { Kernel } from '../kernel.ts'
import type { TableColumn, WrittenTable } from '../ports/index.ts'
import { appendFiles, createTable, filesAt, forgetSnapshots, replaceFiles } from '../tables/catalog.ts'
import {
  blankCommitted,
  commitLedger,
  dropCommitted,
  type LedgerBatch,
  ledgerHasPending,
  pendingLedger,
} from './ledger-reader.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'blobs' | 'tables' | 'paths'>

/** How the JSON lines of one stream become rows of one table. */
export interface LedgerTable {
  readonly project: string
  readonly stream: readonly string[]
  /** Table of the catalog; made with the first rows. */
  readonly table: string
  /** Fields of the lines with their types. */
  readonly lines: readonly TableColumn[]
  /** SELECT over the relation `lines`; `select * from lines` where nothing has to change. */
  readonly select: string
  /** For lines without declared fields: reads `lines` and `select` off the file of each batch instead. */
  readonly shapeOf?: (file: string) => Promise<Pick<LedgerTable, 'lines' | 'select'>>
  /** Seals what is personal before the rows are stored: writes another file in place of `rows` and says which columns it has; undefined when nothing is. */
  readonly seal?: (
    rows: { path: string; columns: readonly TableColumn[] },
    to: string,
  ) => Promise<WrittenTable | undefined>
  /** Integer column of the result with event time in milliseconds, for pruning. */
  readonly timeColumn: string
  /** Runs in the transaction that makes the rows visible, for the ledger's one event a batch. */
  readonly onCommitted?: (
    trx: Trx,
    batch: { rows: number; digest: string; minTime: number; maxTime: number; snapshot: number },
  ) => Promise<void>
}

const smallFileRows = 50_000
const mostSmallFiles = 24
/** Who reads a file that was joined into another began to before that. */
const joinedKeptMs = 60 * 60_000
const ingesting = new Map<string, Promise<number>>()

/**
 * Commits what a stream holds to Parquet, each line exactly once: the file is stored first, then one transaction moves the cursor and adds the file.
 * Calls for one stream follow each other. Returns how many lines became visible.
 */
export function ingestLedger(deps: Deps, ledger: LedgerTable): Promise<number> {
  const key = `${deps.paths.ledgers}\n${ledger.stream.join('/')}`
  const before = ingesting.get(key) ?? Promise.resolve(0)
  const next = before.catch(() => 0).then(() => ingest(deps, ledger))
  ingesting.set(key, next)
  void next
    .catch(() => {})
    .finally(() => {
      if (ingesting.get(key) === next) ingesting.delete(key)
    })
  return next
}

/** True while a stream holds lines that are not visible yet. */
export async function ledgerIsBehind(
  { db, paths }: Pick<Kernel, 'db' | 'paths'>,
  stream: readonly string[],
): Promise<boolean> {
  return ledgerHasPending({ db: db.read, root: paths.ledgers, stream })
}

async function ingest(deps: Deps, ledger: LedgerTable): Promise<number> {
  let total = 0
  for await (const batch of pendingLedger({ db: deps.db.read, root: deps.paths.ledgers, stream: ledger.stream }))
    total += await ingestBatch(deps, ledger, batch)
  if (total > 0) {
    await compact(deps, ledger)
    await dropCommitted({ db: deps.db, root: deps.paths.ledgers, stream: ledger.stream })
  }
  return total
}

async function ingestBatch(
  { db, clock, blobs, tables, paths }: Deps,
  ledger: LedgerTable,
  batch: LedgerBatch,
): Promise<number> {
  const base = join(paths.tmp, `ledger-${randomUUID()}`)
  const [lines, plain, sealed] = [`${base}.ndjson`, `${base}.parquet`, `${base}-sealed.parquet`]
  try {
    await writeFile(lines, batch.lines)
    const shape = (await ledger.shapeOf?.(lines)) ?? ledger
    const read = await tables.write({
      sql: shape.select,
      relations: { lines: { format: 'ndjson', files: [lines], columns: [...shape.lines] } },
      trusted: true,
      output: { path: plain, format: 'parquet' },
    })
    const changed = await ledger.seal?.({ path: plain, columns: read.columns }, sealed)
    const [written, parquet] = changed ? [changed, sealed] : [read, plain]
    const {
      rows: [range],
    } = await tables.query({
      sql: `select min("${ledger.timeColumn}"), max("${ledger.timeColumn}") from rows`,
      relations: { rows: { format: 'parquet', files: [parquet] } },
      trusted: true,
    })
    const [minTime, maxTime] = [Number(range?.[0] ?? 0), Number(range?.[1] ?? 0)]
    const { digest, size } = await blobs.put(ledger.project, createReadStream(parquet))
    await db.write.transaction().execute(async (trx) => {
      if (!(await commitLedger(trx, batch, clock()))) return
      await createTable(trx, { project: ledger.project, id: ledger.table, columns: written.columns, at: clock() })
      const snapshot = await appendFiles(trx, {
        project: ledger.project,
        table: ledger.table,
        columns: written.columns,
        files: [{ digest, rows: written.rows, bytes: size, minTime, maxTime }],
        at: clock(),
      })
      await ledger.onCommitted?.(trx, { rows: written.rows, digest, minTime, maxTime, snapshot })
    })
    if (changed) await blankCommitted(paths.ledgers, batch)
    return batch.count
  } finally {
    await Promise.all([lines, plain, sealed].map((path) => rm(path, { force: true })))
  }
}

/** Many small files slow every reader: joins them into one once there are too many. Snapshots of the last hour keep theirs; older ones go, as a stream makes thousands a day. */
async function compact({ db, clock, blobs, tables, paths }: Deps, ledger: LedgerTable): Promise<void> {
  const small = (await filesAt(db.read, ledger.project, ledger.table)).filter((file) => file.rows < smallFileRows)
  if (small.length < mostSmallFiles) return
  const parquet = join(paths.tmp, `compact-${randomUUID()}.parquet`)
  try {
    const files = await Promise.all(small.map((file) => blobs.localPath(ledger.project, file.digest)))
    const written = await tables.write({
      sql: `select * from rows order by "${ledger.timeColumn}"`,
      relations: { rows: { format: 'parquet', files, unionByName: true } },
      trusted: true,
      output: { path: parquet, format: 'parquet' },
    })
    const { digest, size } = await blobs.put(ledger.project, createReadStream(parquet))
    const times = {
      minTime: Math.min(...small.map((f) => f.minTime)),
      maxTime: Math.max(...small.map((f) => f.maxTime)),
    }
    const [project, table, at] = [ledger.project, ledger.table, clock()]
    await db.write.transaction().execute(async (trx) => {
      await replaceFiles(trx, {
        project,
        table,
        remove: small.map((f) => f.digest),
        add: [{ digest, rows: written.rows, bytes: size, ...times }],
        at,
      })
      await forgetSnapshots(trx, { project, table, before: at - joinedKeptMs })
    })
  } finally {
    await rm(parquet, { force: true })
  }
}
