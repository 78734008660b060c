import type { ImportedSeries } from '@trivium/contract'
import { importErrors } from './errors.ts'

/** Points of one batch: more hold the database for too long. */
const mostPoints = 25_000

/** Throws for what a schema does not see: characters that no database keeps, columns of different lengths, too many points. */
export function checkBatch(batch: object & { series?: readonly ImportedSeries[] }): void {
  let points = 0
  for (const { run, key, steps, timestamps, values } of batch.series ?? []) {
    if (steps.length !== timestamps.length || steps.length !== values.length)
      throw importErrors.UNEVEN_SERIES(key.slice(0, 200), run)
    points += steps.length
  }
  if (points > mostPoints) throw importErrors.TOO_MANY_POINTS(points, mostPoints)
  refuseNul(batch, 'The batch')
}

/** Throws IMPORTS.NUL for text anywhere in a value that no database keeps. */
export function refuseNul(value: unknown, where: string): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw importErrors.NUL(where)
  } else if (Array.isArray(value)) {
    // Columns of numbers are long, and hold no text.
    if (typeof value[0] === 'number') return
    for (const one of value) refuseNul(one, where)
  } else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) {
      refuseNul(key, `A name in ${where.toLowerCase()}`)
      refuseNul(one, `"${key.slice(0, 100)}"`)
    }
}
