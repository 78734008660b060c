import type { Relation, TableCallOptions, TableColumn, TableEngine, TableParam } from '../ports/table-engine.ts'
import { parseProfile } from './parse-profile.ts'
import type { Profile, ProfileWindow } from './profile.ts'
import { type ProfileInput, profileSql } from './profile-sql.ts'
import { parseWindows, type WindowInput, windowHistogramSql } from './window-sql.ts'

const table = 'data'

/** Profiles columns of files in one query. `where` is SQL of ours, with `params`. */
export async function profileRelation(
  tables: TableEngine,
  input: { relation: Relation; columns: readonly TableColumn[]; params?: TableParam[] } & Omit<
    ProfileInput,
    'table' | 'columns'
  >,
  options?: TableCallOptions,
): Promise<Profile> {
  const { relation, columns, params = [], ...rest } = input
  const sql = profileSql({ ...rest, columns, table })
  return parseProfile(
    columns,
    await tables.query({ sql, params, relations: { [table]: relation }, trusted: true }, options),
  )
}

/** Counts the rows of files into the bins of a reference profile in one query: one window, or one for each value of `by`. `where` and `by` are SQL of ours, with `params`. */
export async function countWindows(
  tables: TableEngine,
  input: { profile: Profile; relation: Relation; params?: TableParam[] } & Omit<WindowInput, 'table'>,
  options?: TableCallOptions,
): Promise<ProfileWindow[]> {
  const { profile, relation, params = [], ...rest } = input
  const sql = windowHistogramSql(profile, { ...rest, table })
  return parseWindows(
    profile,
    await tables.query({ sql, params, relations: { [table]: relation }, trusted: true }, options),
  )
}
