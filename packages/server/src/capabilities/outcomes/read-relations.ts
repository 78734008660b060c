import type { Kernel } from '../../kernel/kernel.ts'
import type { Relation, TableColumn } from '../../kernel/ports/index.ts'
import { columnsAt, filesAt, relationAt } from '../../kernel/tables/catalog.ts'
import { copyMarginMs, type PredictionRange } from './cohort-sql.ts'
import { labelColumns, labelTable } from './label-table.ts'
import { predictionColumns, predictionTable } from './prediction-table.ts'

type Deps = Pick<Kernel, 'db' | 'blobs'>

/** The prediction log of a deployment: files that may hold predictions of the range and copies of them, with all columns that there ever were. */
export async function predictionRelation(
  { db, blobs }: Deps,
  project: string,
  deployment: string,
  range?: PredictionRange,
): Promise<Relation> {
  const relation = await relationAt(
    db.read,
    blobs,
    project,
    predictionTable(deployment),
    range ? { from: range.from - copyMarginMs, to: range.to + copyMarginMs } : {},
  )
  return { ...relation, columns: withBase(predictionColumns, relation.columns) }
}

/** All labels of a deployment that may have become known by `asOf`. */
export async function labelRelation(
  { db, blobs }: Deps,
  project: string,
  deployment: string,
  asOf?: number,
): Promise<Relation> {
  const relation = await relationAt(
    db.read,
    blobs,
    project,
    labelTable(deployment),
    asOf === undefined ? {} : { to: asOf + 1 },
  )
  return { ...relation, columns: withBase(labelColumns, relation.columns) }
}

/** Columns of the prediction log as it is now. */
export async function predictionLogColumns(
  { db }: Pick<Kernel, 'db'>,
  project: string,
  deployment: string,
): Promise<TableColumn[]> {
  return withBase(predictionColumns, await columnsAt(db.read, project, predictionTable(deployment)))
}

/** Oldest and newest event time in the prediction log, or undefined while it is empty. */
export async function predictionTimes(
  { db }: Pick<Kernel, 'db'>,
  project: string,
  deployment: string,
): Promise<{ oldest: number; newest: number } | undefined> {
  const files = await filesAt(db.read, project, predictionTable(deployment))
  if (files.length === 0) return undefined
  return {
    oldest: Math.min(...files.map((file) => file.minTime)),
    newest: Math.max(...files.map((file) => file.maxTime)),
  }
}

const withBase = (base: readonly TableColumn[], found: readonly TableColumn[] | undefined): TableColumn[] => {
  const known = new Set(found?.map((column) => column.name))
  return [...(found ?? []), ...base.filter((column) => !known.has(column.name))]
}
