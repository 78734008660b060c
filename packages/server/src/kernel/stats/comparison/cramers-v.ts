import type { Numbers } from '../types.ts'

/**
 * Cramér's V of a contingency table given by rows: 0 for independence, 1 for a full association.
 * Rows or columns without any count are ignored; a table of one row or column gives 0.
 */
export function cramersV(table: readonly Numbers[]): number {
  const columns = table[0]?.length ?? 0
  const rowSums = table.map((row) => Array.from(row).reduce((sum, count) => sum + count, 0))
  const columnSums = Array.from({ length: columns }, (_, j) => table.reduce((sum, row) => sum + (row[j] as number), 0))
  const total = rowSums.reduce((sum, count) => sum + count, 0)
  let statistic = 0
  table.forEach((row, i) => {
    for (let j = 0; j < columns; j++) {
      const expected = ((rowSums[i] as number) * (columnSums[j] as number)) / total
      if (expected > 0) statistic += ((row[j] as number) - expected) ** 2 / expected
    }
  })
  const rank = Math.min(rowSums.filter((sum) => sum > 0).length, columnSums.filter((sum) => sum > 0).length) - 1
  return rank > 0 ? Math.sqrt(statistic / (total * rank)) : 0
}
