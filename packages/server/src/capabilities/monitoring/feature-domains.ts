import type { Relation, TableEngine } from '../../kernel/ports/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { type Profile, profileKind } from '../../kernel/tables/profile.ts'

/** What the values of a text column of the training data can be. */
export interface FeatureDomain {
  /** All of them; null where there are too many to be categories. */
  readonly values: readonly string[] | null
  /** Their shapes; null where there are too many to be a format. */
  readonly shapes: readonly string[] | null
}

const mostValues = 500
const mostShapes = 50
const mostColumns = 200

/** The shape of a text: runs of capitals, of other letters and of digits become one sign each, the rest stays. `N123-ab` is `A9-a`. */
export const shapeSql = (column: string): string =>
  `regexp_replace(regexp_replace(regexp_replace(left(${column}, 200), '\\p{N}+', '9', 'g'), '\\p{Ll}+', 'a', 'g'), '[\\p{Lu}]+', 'A', 'g')`

/** Reads off the training data which values and shapes its text columns have, those of the first columns in very wide data. */
export async function featureDomains(
  tables: TableEngine,
  relation: Relation,
  profile: Profile,
): Promise<Record<string, FeatureDomain>> {
  const domains: Record<string, FeatureDomain> = {}
  const texts = profile.columns.filter(({ type }) => profileKind(type) === 'categorical').slice(0, mostColumns)
  for (const { name } of texts) {
    const column = `${sqlName(name)}::varchar`
    const distinct = (value: string, most: number) =>
      `(select list(v order by v) from (select distinct ${value} as v from data where ${sqlName(name)} is not null limit ${most + 1}))`
    const { rows } = await tables.query({
      sql: `select ${distinct(`left(${column}, 200)`, mostValues)}, ${distinct(shapeSql(column), mostShapes)}`,
      relations: { data: relation },
      trusted: true,
    })
    const [values, shapes] = (rows[0] ?? []) as [string[] | null, string[] | null]
    domains[name] = {
      values: values && values.length <= mostValues ? values : null,
      shapes: shapes && shapes.length <= mostShapes ? shapes : null,
    }
  }
  return domains
}
