import type { ClassBalance, ColumnAttention, DatasetCheck, DatasetCheckResult, DatasetSlices } from '@trivium/contract'
import type { TableColumn } from '../../kernel/ports/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import type { Profile } from '../../kernel/tables/profile.ts'
import { type Mask, redacted } from '../access/index.ts'
import type { VersionStatistics } from './declaration.ts'

/** All columns of `data`, hidden ones with `redacted` in place of each value. */
export function maskedColumns(mask: Mask, columns: readonly TableColumn[]): string {
  const hidden = columns.filter(({ name }) => mask.hides(name)).map(({ name }) => sqlName(name))
  if (hidden.length === 0) return '*'
  return `* replace (${hidden.map((name) => `case when ${name} is null then null else '${redacted}' end as ${name}`).join(', ')})`
}

/** A profile without anything that shows a value of a hidden column: how many there are stays. */
export function maskProfile(mask: Mask, profile: Profile): Profile {
  if (!mask.any) return profile
  return {
    ...profile,
    columns: profile.columns.map((column) =>
      mask.hides(column.name)
        ? {
            ...column,
            min: null,
            max: null,
            mean: null,
            std: null,
            quantiles: null,
            bins: null,
            histogram: null,
            top: null,
            other: null,
          }
        : column,
    ),
  }
}

/** The columns that a check looks at. */
const columnsOf = (check: DatasetCheck): readonly string[] =>
  'column' in check ? [check.column] : check.kind === 'unique' ? check.columns : []

/** Whether what a check found may show values of a hidden column. */
export const isHiddenCheck = (mask: Mask, check: DatasetCheck): boolean =>
  columnsOf(check).some((name) => mask.hides(name)) || (check.kind === 'condition' && mask.hidesIn(check.sql))

/** Results of checks without what they found in hidden columns. */
export function maskChecks<Result extends DatasetCheckResult>(mask: Mask, results: readonly Result[]): Result[] {
  return results.map((one) =>
    mask.any && isHiddenCheck(mask, one.check)
      ? { ...one, message: one.passed ? 'Passed.' : 'Not passed; what was found is redacted.' }
      : one,
  )
}

export function maskBalance(mask: Mask, balance: ClassBalance | null): ClassBalance | null {
  if (!balance || !mask.hides(balance.column)) return balance
  return { ...balance, classes: balance.classes.map((one) => ({ ...one, value: redacted })) }
}

export function maskSlices(mask: Mask, slices: readonly DatasetSlices[]): DatasetSlices[] {
  if (!mask.any) return [...slices]
  return slices.map((one) => ({
    ...one,
    slices: one.slices.map((slice) => ({
      ...slice,
      value: mask.hides(one.column) && slice.value !== null ? redacted : slice.value,
      balance: maskBalance(mask, slice.balance),
      columns: slice.columns.map((column) =>
        mask.hides(column.name)
          ? { ...column, min: null, max: null, mean: null, std: null, quantiles: null, majority: null }
          : column,
      ),
    })),
  }))
}

export function maskAttention(mask: Mask, attention: readonly ColumnAttention[]): ColumnAttention[] {
  return attention.map((one) =>
    mask.hides(one.column)
      ? { ...one, findings: one.findings.map((finding) => ({ ...finding, message: `${finding.kind}; ${redacted}` })) }
      : one,
  )
}

/** What is stored with a version beside its profile, without values of hidden columns. */
export const maskStatistics = (mask: Mask, { balance = null, slices = [] }: VersionStatistics): VersionStatistics => ({
  balance: maskBalance(mask, balance),
  slices: maskSlices(mask, slices),
})
