import type { Kernel } from '../../kernel/kernel.ts'
import type { TableColumn, WrittenTable } from '../../kernel/ports/index.ts'
import { sealTable } from '../../kernel/subjects/index.ts'
import { plainName, sealingOf } from '../access/index.ts'
import { valueKinds } from './prediction-table.ts'

/** Seals the personal values of predictions for whom one of their own values names, as columns of the same names are sealed in datasets. */
export async function sealPredictions(
  deps: Pick<Kernel, 'db' | 'tables' | 'subjects' | 'paths'>,
  project: string,
  rows: { path: string; columns: readonly TableColumn[] },
  to: string,
): Promise<WrittenTable | undefined> {
  const values = rows.columns.filter(({ name }) => valueKinds.some(({ prefix }) => name.startsWith(prefix)))
  const sealing = await sealingOf(
    deps.db.read,
    project,
    values.map(({ name }) => name),
  )
  const seal = values.flatMap((column) => {
    const subject = sealing.get(column.name)
    return subject === undefined ? [] : [{ column, subject }]
  })
  if (seal.length === 0) return undefined
  const relation = { format: 'parquet' as const, files: [rows.path] }
  return sealTable(deps, { project, relation, seal, path: to, place: plainName })
}
