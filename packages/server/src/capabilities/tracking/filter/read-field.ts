import {
  attributeNamed,
  attributesOf,
  datasetKeys,
  entityNamed,
  type FilterEntity,
  type FilterTarget,
  prefixesOf,
  type RunTarget,
} from './filter-target.ts'
import { type MetricName, type Statistic, statistics } from './filter-tree.ts'
import type { Tokens } from './tokens.ts'

/** What a comparison is about. */
export interface Field extends MetricName {
  readonly entity: FilterEntity
  readonly type: 'string' | 'number'
}

/** Whether a target's metrics have statistics and can be calculated with. */
export const calculates = (target: FilterTarget): target is RunTarget => 'calculates' in target

/** Reads `metrics.auc`, `max(metrics.auc)`, `metrics.auc.max`, ``params.`learning rate` ``, `start_time`. */
export function readField(tokens: Tokens, target: FilterTarget): Field {
  const asked = statisticCall(tokens)
  if (!asked) return identifier(tokens, target)
  const { otherwise: _, ...field } = identifier(tokens, target)
  if (field.entity !== 'metric' || !calculates(target)) throw tokens.invalid(`${asked}() is of metrics of runs`)
  tokens.takeSymbol(')')
  return { ...field, statistic: asked }
}

/** `max(`, taken. */
function statisticCall(tokens: Tokens): Statistic | undefined {
  if (!tokens.isSymbol(tokens.peek(1), '(')) return undefined
  const found = statistics.find((one) => tokens.isWord(tokens.peek(), one.toUpperCase()))
  if (found) tokens.at += 2
  return found
}

function identifier(tokens: Tokens, target: FilterTarget): Field {
  const token = tokens.peek()
  let parts: string[]
  if (token?.kind === 'name') parts = token.parts
  else if (token?.kind === 'string' && token.quote !== "'") parts = [token.value]
  else throw tokens.invalid('a name such as metrics.auc is expected')
  tokens.at += 1
  const [prefix = '', ...rest] = parts
  const entity = rest.length === 0 ? 'attribute' : entityNamed(target, prefix)
  if (entity === undefined)
    throw tokens.wrong(
      `Invalid entity type '${prefix}'. Valid entity types are ${prefixesOf(target).join(', ')}`,
      token,
    )
  const key = rest.length === 0 ? prefix : rest.join('.')
  if (entity === 'attribute') {
    const attribute = attributeNamed(target, key)
    if (!attribute)
      throw tokens.wrong(
        `Invalid attribute key '${key}' specified. Valid keys are ${attributesOf(target).join(', ')}`,
        token,
      )
    return { entity, ...attribute, statistic: 'last' }
  }
  if (entity === 'dataset' && !datasetKeys.includes(key))
    throw tokens.wrong(`Invalid dataset key '${key}' specified. Valid keys are ${datasetKeys.join(', ')}`, token)
  if (entity !== 'metric') return { entity, key, statistic: 'last', type: 'string' }
  return { entity, ...metricName(rest, target), type: 'number' }
}

/** The name of a metric from its parts; `loss.min` is also the smallest `loss`. */
export function metricName(parts: readonly string[], target: FilterTarget): MetricName {
  const key = parts.join('.')
  const statistic = statistics.find((one) => one === parts.at(-1))
  if (!calculates(target) || parts.length < 2 || !statistic) return { key, statistic: 'last' }
  return { key, statistic: 'last', otherwise: { key: parts.slice(0, -1).join('.'), statistic } }
}
