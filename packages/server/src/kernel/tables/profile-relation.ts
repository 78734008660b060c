import type { Relation, TableCallOptions, TableColumn, TableEngine, TableParam } from '../ports/table-engine.ts'
import { parseProfile } from './parse-profile.ts'
import type { Profile, ProfileWindow } from './profile.ts'
import { type ProfileInput, profileSql } from './profile-sql.ts'
import { parseWindows, type WindowInput, windowHistogramSql } from './window-sql.ts'

const table = 'data'

/** Columns that one query can take: the engine limits the depth of its expressions, and its planning time grows faster than their number. */
const columnsAtOnce = 20

/** Profiles columns of files, one query for twenty of them. `where` is SQL of ours, with `params`. */
export async function profileRelation(
  tables: TableEngine,
  input: { relation: Relation; columns: readonly TableColumn[]; params?: TableParam[] } & Omit<
    ProfileInput,
    'table' | 'columns'
  >,
  options?: TableCallOptions,
): Promise<Profile> {
  const { relation, columns, params = [], ...rest } = input
  const profiles: Profile[] = []
  for (const part of inParts(columns)) {
    const sql = profileSql({ ...rest, columns: part, table })
    const result = await tables.query({ sql, params, relations: { [table]: relation }, trusted: true }, options)
    profiles.push(parseProfile(part, result))
  }
  const [first] = profiles as [Profile]
  return { ...first, columns: profiles.flatMap((profile) => profile.columns) }
}

/** Counts the rows of files into the bins of a reference profile: one window, or one for each value of `by`. `where` and `by` are SQL of ours, with `params`. */
export async function countWindows(
  tables: TableEngine,
  input: { profile: Profile; relation: Relation; params?: TableParam[] } & Omit<WindowInput, 'table'>,
  options?: TableCallOptions,
): Promise<ProfileWindow[]> {
  const { profile, relation, params = [], ...rest } = input
  let windows: ProfileWindow[] | undefined
  for (const columns of inParts(profile.columns)) {
    const part = { ...profile, columns }
    const sql = windowHistogramSql(part, { ...rest, table })
    const found = parseWindows(
      part,
      await tables.query({ sql, params, relations: { [table]: relation }, trusted: true }, options),
    )
    windows =
      windows?.map((window, index) => ({
        ...window,
        columns: [...window.columns, ...(found[index]?.columns ?? [])],
      })) ?? found
  }
  return windows ?? []
}

/** At least one part, which may be empty. */
export function inParts<T>(columns: readonly T[]): T[][] {
  const parts = Array.from({ length: Math.ceil(columns.length / columnsAtOnce) }, (_, index) =>
    columns.slice(index * columnsAtOnce, (index + 1) * columnsAtOnce),
  )
  return parts.length === 0 ? [[]] : parts
}
