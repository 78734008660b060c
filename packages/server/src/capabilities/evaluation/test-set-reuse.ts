import type { EvaluatedMetric } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import type { EvaluationTable } from './tables.ts'

/** Of so many models that are equally good, the best is expected to look better by more than the 95 % interval of each. */
const tooMany = 7

/** How many different models the rows of each evaluation had judged when it was made, itself included. */
export async function countReuse(db: Reader, rows: readonly EvaluationTable[]): Promise<ReadonlyMap<string, number>> {
  const sets = [...new Set(rows.map((row) => row.rows_digest))]
  const [first] = rows
  if (!first) return new Map()
  const uses = await db
    .selectFrom('evaluation')
    .select(['rows_digest', 'model_digest', (e) => e.fn.min('id').as('first')])
    .where('project_id', '=', first.project_id)
    .where('rows_digest', 'in', sets)
    .groupBy(['rows_digest', 'model_digest'])
    .execute()
  return new Map(
    rows.map((row) => [
      row.id,
      uses.filter((use) => use.rows_digest === row.rows_digest && use.first <= row.id).length,
    ]),
  )
}

/** A sentence once so many models were tried on the same rows that the best of them is partly luck: about √(2 ln k) standard errors. */
export function reuseWarning(models: number, metrics: readonly EvaluatedMetric[]): string | null {
  if (models < tooMany) return null
  const [main] = metrics
  const luck =
    main && main.low !== null && main.high !== null
      ? ((main.high - main.low) / 2 / 1.96) * Math.sqrt(2 * Math.log(models))
      : undefined
  const amount =
    luck === undefined ? 'more than its interval' : `about ${Number(luck.toPrecision(2))} in ${main?.metric}`
  return `These rows have judged ${models} models. The best of so many looks better than it is, by ${amount} if they are equally good: choose on other rows, and keep these for the last word.`
}
