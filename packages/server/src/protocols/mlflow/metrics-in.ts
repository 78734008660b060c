import type { LoggedMetric } from '../../capabilities/tracking/index.ts'
import type { Args, Loose } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { checkKey } from './limits.ts'

/** The metric of a log-metric call. */
export function readMetric(args: Args): LoggedMetric {
  const fields: Loose = {}
  for (const name of ['key', 'value', 'timestamp', 'step', 'model_id', 'dataset_name', 'dataset_digest'])
    fields[name] = args.raw(name)
  return metricOf(fields, '')
}

/** The metrics of a batch. Read without a wrapper a point, because there are a thousand. */
export function readBatchMetrics(args: Args): LoggedMetric[] {
  const list = args.raw('metrics')
  if (list === undefined) return []
  if (!Array.isArray(list)) throw args.invalid('metrics', list)
  return list.map((entry: unknown, i) => {
    if (typeof entry !== 'object' || entry === null) throw args.invalid(`metrics[${i}]`, entry)
    return metricOf(entry as Loose, `metrics[${i}].`)
  })
}

const checked = new Set<string>()

function metricOf(m: Loose, path: string): LoggedMetric {
  const { key } = m
  if (key === undefined || key === null || key === '') throw mlflowErrors.MISSING(`${path}key`)
  if (typeof key !== 'string') throw mlflowErrors.INVALID_VALUE(`${path}name`, key, 'Metric names are text.')
  if (!checked.has(key)) {
    checkKey('Metric name', key, `${path}name`)
    // Metric names repeat; a bounded memory of good ones saves most checks.
    if (checked.size > 10_000) checked.clear()
    checked.add(key)
  }
  if (m['value'] === undefined || m['value'] === null) throw mlflowErrors.MISSING(`${path}value`)
  const timestamp = wholeNumber(m['timestamp'])
  if (timestamp === undefined || timestamp < 0) {
    if (m['timestamp'] === undefined || m['timestamp'] === null) throw mlflowErrors.MISSING(`${path}timestamp`)
    throw mlflowErrors.INVALID_VALUE(
      `${path}timestamp`,
      m['timestamp'],
      `metric '${key}' (value=${String(m['value'])}). Timestamp must be a nonnegative long (64-bit integer) `,
    )
  }
  const value = numberOf(m['value'])
  if (value === undefined)
    throw mlflowErrors.INVALID_VALUE(
      `${path}value`,
      m['value'],
      `(timestamp=${timestamp}). Please specify value as a valid double (64-bit floating point)`,
    )
  const step = m['step'] === undefined || m['step'] === null ? 0 : wholeNumber(m['step'])
  if (step === undefined)
    throw mlflowErrors.INVALID_VALUE(
      `${path}step`,
      m['step'],
      `metric '${key}' (value=${value}). Step must be a valid long (64-bit integer).`,
    )
  const optional = (name: string): string | undefined =>
    typeof m[name] === 'string' && m[name] !== '' && !m[name].includes('\u0000') ? m[name] : undefined
  const datasetName = optional('dataset_name')
  const datasetDigest = optional('dataset_digest')
  if ((datasetName === undefined) !== (datasetDigest === undefined))
    throw mlflowErrors.INVALID('Both dataset_name and dataset_digest must be provided if one is provided')
  const modelId = optional('model_id')
  if (modelId === undefined) return { key, value, timestamp, step }
  return {
    key,
    value,
    timestamp,
    step,
    modelId,
    ...(datasetName ? { datasetName } : {}),
    ...(datasetDigest ? { datasetDigest } : {}),
  }
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined
}

const words: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  if (value in words) return words[value]
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value) ? Number(value) : undefined
}
