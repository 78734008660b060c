import { trackingErrors } from '../errors.ts'
import { attributeNamed, attributesOf, entityNamed, type FilterEntity, type FilterTarget } from './filter-target.ts'
import { tokenize } from './tokenize.ts'

/** One key of an order: plain data. */
export interface OrderKey {
  readonly entity: FilterEntity
  readonly key: string
  readonly descending: boolean
}

/** Parses keys such as `metrics.auc DESC`, ``params.`learning rate` ``, `start_time`. Whatever is wrong is BAD_ORDER. */
export function parseOrder(orderBy: readonly string[], target: FilterTarget): OrderKey[] {
  const keys = orderBy.filter((clause) => clause.trim() !== '').map((clause) => parseOne(clause, target))
  const seen = new Set(keys.map(({ entity, key }) => `${entity}.${key}`))
  if (seen.size < keys.length)
    throw trackingErrors.BAD_ORDER(`\`order_by\` contains duplicate fields: ${orderBy.join(', ')}`)
  if (keys.length > 10) throw trackingErrors.BAD_ORDER('`order_by` takes at most 10 keys.')
  return keys
}

function parseOne(clause: string, target: FilterTarget): OrderKey {
  const invalid = (why = 'Could not be parsed.'): Error =>
    trackingErrors.BAD_ORDER(`Invalid order_by clause '${clause}'. ${why}`)
  let tokens: ReturnType<typeof tokenize>
  try {
    tokens = tokenize(clause)
  } catch {
    throw invalid()
  }
  const [name, direction, more] = tokens
  const parts =
    name?.kind === 'name' ? name.parts : name?.kind === 'string' && name.quote !== "'" ? [name.value] : undefined
  if (parts === undefined || more !== undefined) throw invalid()
  const word = direction?.text.toUpperCase()
  if (word !== undefined && word !== 'ASC' && word !== 'DESC') throw invalid('The order is ASC or DESC.')
  const [prefix = '', ...rest] = parts
  const entity = rest.length === 0 ? 'attribute' : entityNamed(target, prefix)
  if (entity === undefined || entity === 'dataset') throw invalid(`Invalid entity type '${prefix}'.`)
  const key = rest.length === 0 ? prefix : rest.join('.')
  if (entity !== 'attribute') return { entity, key, descending: word === 'DESC' }
  const attribute = attributeNamed(target, key)
  if (!attribute)
    throw trackingErrors.BAD_ORDER(
      `Invalid order by key '${key}' specified. Invalid attribute key; valid keys are ${attributesOf(target).join(', ')}`,
    )
  return { entity, key: attribute.key, descending: word === 'DESC' }
}

/** Splits a comma-separated list of order keys; commas inside quotes stay. */
export function splitOrder(text: string | undefined): string[] {
  return (text ?? '').match(/(?:[^,`"]|`[^`]*`|"[^"]*"|[`"])+/g)?.map((clause) => clause.trim()) ?? []
}
