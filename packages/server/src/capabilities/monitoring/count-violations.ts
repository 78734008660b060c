import type { FeatureViolations } from '@trivium/contract'
import type { Relation, TableEngine } from '../../kernel/ports/index.ts'
import { sqlText } from '../../kernel/tables/column-sql.ts'
import type { FeatureDomain } from './feature-domains.ts'
import { shapeSql } from './feature-domains.ts'
import type { WatchedFeature } from './watched-features.ts'

const examples = 3

/**
 * Counts the rows of a window whose values break what the training data keep, feature by feature. The cohort has each feature as the training data have it
 * (`f0`, …) and as it was logged (`r0`, …): what is there as logged and not as read has the wrong type.
 */
export async function countViolations(
  tables: TableEngine,
  cohort: Relation,
  watched: readonly WatchedFeature[],
  domains: Readonly<Record<string, FeatureDomain>>,
): Promise<FeatureViolations[]> {
  const found: FeatureViolations[] = []
  for (const [index, { feature, kind, reference }] of watched.entries()) {
    const [read, raw] = [`f${index}`, `r${index}`]
    const domain = domains[feature]
    const missing = reference.nulls === 0 ? `${raw} is null` : 'false'
    const wrongType = `${raw} is not null and ${read} is null`
    const outOfRange =
      kind === 'numeric' && reference.min !== null && reference.max !== null
        ? `${read} < ${reference.min} or ${read} > ${reference.max}`
        : 'false'
    const unseen =
      domain?.values && kind === 'categorical'
        ? `${read} is not null and left(${read}, 200) not in (${list(domain.values)})`
        : 'false'
    const wrongFormat =
      domain?.shapes && kind === 'categorical'
        ? `${read} is not null and ${shapeSql(read)} not in (${list(domain.shapes)})`
        : 'false'
    const kinds = [missing, wrongType, outOfRange, unseen, wrongFormat]
    const broken = kinds.map((condition) => `coalesce(${condition}, false)`)
    const { rows } = await tables.query({
      sql: `with judged as (select ${raw} as raw, ${broken.map((condition, i) => `${condition} as b${i}`).join(', ')} from cohort)
        select count(*), count(*) filter (b0 or b1 or b2 or b3 or b4), ${broken.map((_, i) => `count(*) filter (b${i})`).join(', ')},
          (select list(v order by n desc, v) from (select left(raw::varchar, 100) as v, count(*) as n from judged where raw is not null and (b1 or b2 or b3 or b4)
            group by 1 order by n desc, v limit ${examples})) from judged`,
      relations: { cohort },
      trusted: true,
    })
    const [counted = []] = rows
    const [total = 0, violations = 0, ...each] = counted.slice(0, 7).map(Number)
    found.push({
      feature,
      rows: total,
      violations,
      missing: each[0] ?? 0,
      wrongType: each[1] ?? 0,
      outOfRange: each[2] ?? 0,
      unseen: each[3] ?? 0,
      wrongFormat: each[4] ?? 0,
      allowed: allowedWords(kind, reference, domain),
      examples: ((counted[7] ?? []) as unknown[]).map(String),
    })
  }
  return found
}

const list = (values: readonly string[]): string => (values.length === 0 ? "''" : values.map(sqlText).join(', '))

function allowedWords(
  kind: WatchedFeature['kind'],
  reference: WatchedFeature['reference'],
  domain: FeatureDomain | undefined,
): string {
  const empty = reference.nulls === 0 ? ', never missing' : ''
  if (kind === 'numeric') return `${reference.type} from ${reference.min} to ${reference.max}${empty}`
  const values = domain?.values
  if (values) return `${values.length <= 8 ? values.join(', ') : `${values.length} values`}${empty}`
  return `${reference.type}${domain?.shapes ? ` of the shapes ${domain.shapes.slice(0, 6).join(', ')}` : ''}${empty}`
}
