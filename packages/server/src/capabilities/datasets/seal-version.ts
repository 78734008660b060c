import type { Relation, TableColumn } from '../../kernel/ports/index.ts'
import { openTable, sealTable, type SealedTableDeps } from '../../kernel/subjects/index.ts'
import type { Database } from '../../kernel/db/index.ts'
import { type Mask, maskOfNames, sealingOf } from '../access/index.ts'

/** Columns of a version that are sealed, with the types that they had. */
export const readSealedColumns = (row: { sealed: string | null } | undefined): TableColumn[] =>
  row?.sealed ? (JSON.parse(row.sealed) as TableColumn[]) : []

/** The rows of a new version with the personal values sealed, in a file of its own; undefined when nothing is to be sealed. */
export async function sealVersion(
  deps: SealedTableDeps & { db: Database },
  project: string,
  input: { dataset: string; columns: readonly TableColumn[]; relation: Relation; path: string },
): Promise<{ path: string; columns: TableColumn[]; erased: Map<string, number>; mask: Mask } | undefined> {
  const sealing = await sealingOf(
    deps.db.read,
    project,
    input.columns.map(({ name }) => name),
    `dataset:${input.dataset}`,
  )
  const columns = input.columns.filter(({ name }) => sealing.has(name))
  if (columns.length === 0) return undefined
  const { erased } = await sealTable(deps, {
    project,
    relation: input.relation,
    seal: columns.map((column) => ({ column, subject: sealing.get(column.name) ?? column.name })),
    path: input.path,
  })
  return { path: input.path, columns, erased, mask: maskOfNames(columns.map(({ name }) => name)) }
}

/** Rows with their sealed values opened in a file of its own, which `release` removes. */
export interface OpenedRows {
  readonly relation: Relation
  /** The columns of the version with the types that they have here: of what was sealed, those from before. */
  typed(columns: readonly TableColumn[]): TableColumn[]
  /** Removes the plain values again. */
  release(): Promise<void>
}

/** Rows of which nothing is opened. */
export const asTheyAre = (relation: Relation): OpenedRows => ({
  relation,
  typed: (columns) => [...columns],
  release: async () => {},
})

/** Opens what is sealed; a relation that holds nothing of that is handed on. */
export async function openRows(
  deps: SealedTableDeps,
  input: {
    project: string
    relation: Relation
    sealed: readonly TableColumn[]
    path: string
    remove: () => Promise<void>
  },
): Promise<OpenedRows> {
  if (input.sealed.length === 0 || input.relation.files.length === 0) return asTheyAre(input.relation)
  try {
    await openTable(deps, input)
  } catch (error) {
    await input.remove()
    throw error
  }
  return {
    relation: { format: 'parquet', files: [input.path] },
    typed: (columns) => columns.map((column) => input.sealed.find(({ name }) => name === column.name) ?? column),
    release: input.remove,
  }
}
