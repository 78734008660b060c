import type { Reader, Trx } from '../../kernel/db/index.ts'
import { permits, type Scope } from '../../kernel/principal/index.ts'
import './tables.ts'

/** What stands in the place of a value that the reader may not see. */
export const redacted = 'redacted' as const

/** Which columns a reader may not see. */
export interface Mask {
  /** Whether it hides anything at all. */
  readonly any: boolean
  /** Whether a column is hidden; `input.email` is the column `email`. */
  hides(column: string): boolean
  /** Whether an expression names a hidden column. */
  hidesIn(expression: string): boolean
}

const open: Mask = { any: false, hides: () => false, hidesIn: () => false }

/**
 * Declares which columns of `declaredBy` (`dataset:NAME`, `feature-view:NAME`) are personal, instead of what it declared before, and which column says whose
 * values they are: with that they are sealed with the keys of people when they are written.
 */
export async function declarePersonal(
  trx: Trx,
  project: string,
  declaredBy: string,
  names: readonly string[],
  subjectColumn: string | null = null,
): Promise<void> {
  await trx
    .deleteFrom('personal_column')
    .where('project_id', '=', project)
    .where('declared_by', '=', declaredBy)
    .execute()
  for (const name of new Set(names))
    await trx
      .insertInto('personal_column')
      .values({ project_id: project, declared_by: declaredBy, name, subject_column: subjectColumn })
      .execute()
}

/** What `declaredBy` declares as personal. */
export async function personalColumnsOf(
  db: Reader,
  project: string,
  declaredBy: readonly string[],
): Promise<ReadonlyMap<string, string[]>> {
  if (declaredBy.length === 0) return new Map()
  const rows = await db
    .selectFrom('personal_column')
    .select(['declared_by', 'name'])
    .where('project_id', '=', project)
    .where('declared_by', 'in', declaredBy)
    .orderBy('name')
    .execute()
  return new Map(
    [...Map.groupBy(rows, (row) => row.declared_by)].map(([by, found]) => [by, found.map(({ name }) => name)]),
  )
}

/**
 * What a scope may not see: nothing with `data:read-personal`. A name that is personal anywhere in the project is personal everywhere in it, because rows
 * travel: into datasets that steps make, into inputs of predictions, into slices.
 */
export async function maskOf(db: Reader, scope: Scope): Promise<Mask> {
  return permits(scope, 'data:read-personal') ? open : personalMask(db, scope.project)
}

/** The mask of whoever may see no personal column; for what is written down for everybody. */
export async function personalMask(db: Reader, project: string): Promise<Mask> {
  const rows = await db.selectFrom('personal_column').select('name').where('project_id', '=', project).execute()
  return rows.length === 0 ? open : maskOfNames(rows.map(({ name }) => name))
}

/** The mask that hides these columns. */
export function maskOfNames(hidden: readonly string[]): Mask {
  const names = new Set(hidden.map((name) => name.toLowerCase()))
  const hides = (column: string): boolean => {
    const name = column.toLowerCase()
    return names.has(name) || names.has(plainName(name))
  }
  return {
    any: true,
    hides,
    hidesIn: (expression) => {
      const text = expression.toLowerCase()
      return [...names].some((name) => new RegExp(`(?<![\\w])${escaped(name)}(?![\\w])`).test(text))
    },
  }
}

/**
 * Which of these columns are sealed when rows are written, and which of them says whose value it is. The declaration of `declaredBy` comes first; where it has
 * none, any of the project holds that names a column which is there, because rows travel.
 */
export async function sealingOf(
  db: Reader,
  project: string,
  columns: readonly string[],
  declaredBy?: string,
): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom('personal_column')
    .select(['declared_by', 'name', 'subject_column'])
    .where('project_id', '=', project)
    .where('subject_column', 'is not', null)
    .orderBy('declared_by')
    .execute()
  if (rows.length === 0) return new Map()
  const byName = Map.groupBy(rows, ({ name }) => name.toLowerCase())
  const found = new Map<string, string>()
  for (const column of columns) {
    const declared = byName.get(plainName(column)) ?? []
    const own = declared.filter((row) => row.declared_by === declaredBy)
    for (const { subject_column: wanted } of [...own, ...declared]) {
      const subject = columns.find((one) => plainName(one) === wanted?.toLowerCase())
      if (subject === undefined) continue
      found.set(column, subject)
      break
    }
  }
  return found
}

/** `input.Email` is the column `email`. */
export const plainName = (column: string): string => column.toLowerCase().replace(/^(input|feature|output)\./, '')

/** The values of hidden names in a record become `redacted`. */
export function maskRecord<Value>(mask: Mask, record: Readonly<Record<string, Value>>): Record<string, Value | string> {
  if (!mask.any) return { ...record }
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, mask.hides(name) ? redacted : value]))
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
