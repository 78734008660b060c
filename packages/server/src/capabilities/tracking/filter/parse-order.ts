import { trackingErrors } from '../errors.ts'
import type { AppError } from '../../../kernel/errors/index.ts'
import { attributeNamed, attributesOf, entityNamed, type FilterEntity, type FilterTarget } from './filter-target.ts'
import type { MetricName, Statistic, Term } from './filter-tree.ts'
import { calculates, metricName, readField } from './read-field.ts'
import { readTerm } from './read-term.ts'
import { tokenize } from './tokenize.ts'
import { tokensOf } from './tokens.ts'

/** One key of an order: plain data. */
export interface OrderKey {
  readonly entity: FilterEntity
  readonly key: string
  readonly descending: boolean
  /** Of a metric; the latest value where it says nothing. */
  readonly statistic?: Statistic
  readonly otherwise?: NonNullable<MetricName['otherwise']>
  /** Something calculated, in place of a key. */
  readonly term?: Term
}

/** Parses keys such as `metrics.auc DESC`, `metrics.loss.min`, `metrics.a - metrics.b`, ``params.`learning rate` ``, `start_time`. Whatever is wrong is BAD_ORDER. */
export function parseOrder(orderBy: readonly string[], target: FilterTarget): OrderKey[] {
  const keys = orderBy.filter((clause) => clause.trim() !== '').map((clause) => parseOne(clause, target))
  const seen = new Set(
    keys.map(({ entity, key, statistic = 'last', term }) => JSON.stringify([entity, key, statistic, term])),
  )
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
  if (calculates(target) && tokens.some(({ kind, text }) => kind === 'symbol' && /^[-+*/(]$/.test(text)))
    return calculated(clause, invalid)
  const parts =
    name?.kind === 'name' ? name.parts : name?.kind === 'string' && name.quote !== "'" ? [name.value] : undefined
  if (parts === undefined || more !== undefined) throw invalid()
  const word = direction?.text.toUpperCase()
  if (word !== undefined && word !== 'ASC' && word !== 'DESC') throw invalid('The order is ASC or DESC.')
  const [prefix = '', ...rest] = parts
  const entity = rest.length === 0 ? 'attribute' : entityNamed(target, prefix)
  if (entity === undefined || entity === 'dataset') throw invalid(`Invalid entity type '${prefix}'.`)
  const key = rest.length === 0 ? prefix : rest.join('.')
  if (entity === 'metric') {
    const { otherwise } = metricName(rest, target)
    return { entity, key, descending: word === 'DESC', ...(otherwise ? { otherwise } : {}) }
  }
  if (entity !== 'attribute') return { entity, key, descending: word === 'DESC' }
  const attribute = attributeNamed(target, key)
  if (!attribute)
    throw trackingErrors.BAD_ORDER(
      `Invalid order by key '${key}' specified. Invalid attribute key; valid keys are ${attributesOf(target).join(', ')}`,
    )
  return { entity, key: attribute.key, descending: word === 'DESC' }

  /** `max(metrics.auc) desc`, `metrics.a - metrics.b`. */
  function calculated(text: string, wrong: typeof invalid): OrderKey {
    if (!calculates(target)) throw wrong()
    try {
      const reader = tokensOf(text)
      const startsTerm = reader.peek()?.kind === 'number' || reader.isSymbol(reader.peek(), '(', '-')
      const found = readTerm(reader, target, startsTerm ? undefined : readField(reader, target))
      const descending = reader.isWord(reader.peek(), 'DESC')
      if (descending || reader.isWord(reader.peek(), 'ASC')) reader.at += 1
      if (reader.peek()) throw wrong()
      if ('term' in found) return { entity: 'metric', key: text, term: found, descending }
      if (found.entity !== 'metric') throw wrong()
      return { entity: 'metric', key: found.key, statistic: found.statistic, descending }
    } catch (error) {
      const { code, message } = error as AppError
      throw code === 'TRACKING.BAD_FILTER' ? wrong(message) : error
    }
  }
}

/** Splits a comma-separated list of order keys; commas inside quotes stay. */
export function splitOrder(text: string | undefined): string[] {
  return (text ?? '').match(/(?:[^,`"]|`[^`]*`|"[^"]*"|[`"])+/g)?.map((clause) => clause.trim()) ?? []
}
