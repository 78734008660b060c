import type { TableColumn } from '../../kernel/ports/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { type ColumnProfile, type Profile, profileKind } from '../../kernel/tables/profile.ts'

/** A column of the prediction log that is compared with a column of the reference. */
export interface WatchedFeature {
  readonly feature: string
  readonly column: string
  readonly kind: 'numeric' | 'categorical'
  readonly reference: ColumnProfile
  /** The column's value as the reference has it. */
  readonly sql: string
}

export interface FeaturePlan {
  readonly watched: readonly WatchedFeature[]
  /** Features that were asked for by name and cannot be compared, with why. */
  readonly missing: readonly { readonly feature: string; readonly reason: string }[]
}

/** Pairs inputs and looked-up features of the predictions with columns of the reference, by name. A looked-up value goes before an input of the same name. */
export function planFeatures(
  profile: Profile,
  log: readonly TableColumn[],
  wanted: 'all' | readonly string[],
): FeaturePlan {
  const reference = new Map(profile.columns.map((column) => [column.name, column]))
  const values = valueColumns(log)
  const names = wanted === 'all' ? [...values.keys()].filter((name) => comparable(reference.get(name))) : wanted
  const watched: WatchedFeature[] = []
  const missing: { feature: string; reason: string }[] = []
  for (const name of names) {
    const feature = name.replace(/^(input|feature)\./, '')
    const column = values.get(feature)
    const counterpart = reference.get(feature)
    if (!column) missing.push({ feature, reason: 'No prediction has a value of this name.' })
    else if (!counterpart) missing.push({ feature, reason: 'The reference has no column of this name.' })
    else if (!comparable(counterpart))
      missing.push({ feature, reason: `The reference has it as ${counterpart.type}, which is not compared.` })
    else {
      const kind = counterpart.kind as WatchedFeature['kind']
      watched.push({ feature, column: column.name, kind, reference: counterpart, sql: valueSql(column, counterpart) })
    }
  }
  return { watched, missing }
}

/** Inputs and looked-up features of the log by their bare names. */
export function valueColumns(log: readonly TableColumn[]): Map<string, TableColumn> {
  const found = new Map<string, TableColumn>()
  for (const prefix of ['input.', 'feature.'])
    for (const column of log) if (column.name.startsWith(prefix)) found.set(column.name.slice(prefix.length), column)
  return found
}

const comparable = (column: ColumnProfile | undefined): boolean =>
  column !== undefined && ['numeric', 'categorical'].includes(profileKind(column.type))

/** Text of numbers as a table of whole numbers has it. */
export const numberText = (column: string): string =>
  `case when ${column} = floor(${column}) and abs(${column}) < 1e15 then ${column}::bigint::varchar else ${column}::varchar end`

function valueSql({ name, type }: TableColumn, reference: ColumnProfile): string {
  const column = sqlName(name)
  if (reference.kind === 'numeric') return `try_cast(${column} as double)`
  if (type !== 'number') return `${column}::varchar`
  return reference.type === 'boolean' ? `case ${column} when 1 then 'true' when 0 then 'false' end` : numberText(column)
}

/** The reference as the cohort's columns `f0`, `f1`, … are counted by it. */
export function countingProfile(profile: Profile, watched: readonly WatchedFeature[]): Profile {
  return {
    ...profile,
    columns: watched.map(({ reference, kind }, index) => ({
      ...reference,
      name: `f${index}`,
      type: kind === 'numeric' ? 'number' : 'string',
    })),
  }
}
