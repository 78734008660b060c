import { traceErrors } from '../errors.ts'
import type { MetricView } from './metric-kinds.ts'

/** One condition: everything that a filter of metrics can say is an equality. */
export interface MetricFilter {
  readonly view: 'trace' | 'span' | 'assessment'
  readonly entity: string
  readonly key: string | undefined
  readonly value: string
}

/** What can be compared, and whether it needs a key. */
const entities: Readonly<Record<MetricFilter['view'], Readonly<Record<string, boolean>>>> = {
  trace: { status: false, tag: true, metadata: true },
  span: { name: false, status: false, type: false },
  assessment: { name: false, type: false },
}
const viewOf = { span: 'SPANS', assessment: 'ASSESSMENTS' } as const

const clause = /^\s*([^\s=!<>]+(?:`[^`]*`|"[^"]*")?)\s*(=|!=|<>|<=|>=|<|>|\b(?:LIKE|ILIKE|RLIKE|IN|IS)\b)\s*(.*)$/is

/** Reads `trace.status = 'OK'`, `trace.tag.team = 'ops'`, `span.name = 'answer'`; mistakes have MLflow's words. */
export function parseMetricFilter(text: string, view: MetricView): MetricFilter {
  const [, left = '', comparator = '', right = ''] = clause.exec(text.trim()) ?? []
  if (left === '') throw traceErrors.INVALID(`Invalid clause(s) in filter string: ${text.trim().slice(0, 200)}`)
  const first = left.indexOf('.')
  const second = left.indexOf('.', first + 1)
  const of = unquoted(left.slice(0, first < 0 ? undefined : first))
  const entity = first < 0 ? '' : left.slice(first + 1, second < 0 ? undefined : second)
  const key = second < 0 ? undefined : unquoted(left.slice(second + 1))
  if (first < 0)
    throw traceErrors.INVALID(
      `Invalid identifier '${left.slice(0, 100)}'. Columns should be specified as 'trace.<key>', 'span.<key>', 'assessment.<key>'.`,
    )
  if (!Object.hasOwn(entities, of))
    throw traceErrors.INVALID(
      `Invalid view type '${of.slice(0, 100)}'. Valid values are dict_keys(['trace', 'span', 'assessment'])`,
    )
  const known = entities[of as MetricFilter['view']]
  if (!Object.hasOwn(known, entity))
    throw traceErrors.INVALID(
      `Invalid entity '${entity.slice(0, 100)}' specified for view type '${of}'. Valid entities are [${Object.keys(
        known,
      )
        .map((one) => `'${one}'`)
        .join(', ')}]`,
    )
  if (known[entity] === true && !key)
    throw traceErrors.INVALID(`Filtering by ${entity} requires a key, e.g. '${of}.${entity}.<key> = <value>'`)
  if (known[entity] === false && key !== undefined)
    throw traceErrors.INVALID(`Filtering by ${entity} does not require a key, use '${of}.${entity}' instead`)
  if (comparator !== '=')
    throw traceErrors.INVALID(`Invalid comparator: '${comparator}', only '=' operator is supported`)
  const value = /^'([^']*)'$|^"([^"]*)"$/s.exec(right)
  if (!value)
    throw traceErrors.INVALID(
      `Expected a quoted string value for ${entity} value (e.g. 'my-value'). Got value ${right.slice(0, 100)}`,
    )
  if (of !== 'trace' && viewOf[of as 'span'] !== view)
    throw traceErrors.INVALID(`Filtering by ${of} is only supported for ${viewOf[of as 'span']} view type, got ${view}`)
  return { view: of as MetricFilter['view'], entity, key, value: value[1] ?? value[2] ?? '' }
}

const unquoted = (text: string): string =>
  /^(?:`(.*)`|"(.*)"|'(.*)')$/s
    .exec(text)
    ?.slice(1)
    .find((one) => one !== undefined) ?? text
