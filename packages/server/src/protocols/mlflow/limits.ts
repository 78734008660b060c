import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'

/** MLflow's limits: longer keys are refused, longer values are cut, as its server does by default. */
export const limits = {
  key: 250,
  paramValue: 6000,
  tagValue: 8000,
  batchMetrics: 1000,
  batchParams: 100,
  batchTags: 100,
  batchTotal: 1000,
  experimentName: 500,
  experimentTagValue: 5000,
  registryTagValue: 100_000,
  datasetName: 500,
  datasetDigest: 36,
  inputTagKey: 255,
  inputTagValue: 500,
  datasets: 1000,
  alias: 255,
  modelName: 256,
} as const

const characters = /^[/\w.\- :]*$/

/** A key of a metric, parameter or tag: its characters, its length, and no path that means another name. */
export function checkKey(what: string, key: string, path: string): string {
  if (!characters.test(key)) {
    throw mlflowErrors.INVALID_VALUE(
      path,
      key,
      'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).',
    )
  }
  if (key.startsWith('/') || key.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw mlflowErrors.INVALID_VALUE(
      path,
      key,
      'Names may be treated as files in certain cases, and must not resolve to other names when treated as such.',
    )
  }
  return within(what, key, limits.key)
}

export function within(what: string, value: string, limit: number): string {
  if (value.length > limit) throw mlflowErrors.INVALID(`${what} exceeds the maximum length of ${limit} characters`)
  return value
}

/** Run tags and experiment tags. */
export function readTags(
  args: Args,
  name: string,
  valueLimit: number = limits.tagValue,
): { key: string; value: string }[] {
  return args.list(name).map((tag) => ({
    key: checkKey(tag.nameOf('key'), tag.required('key'), tag.nameOf('key')),
    value: (tag.text('value') ?? '').slice(0, valueLimit),
  }))
}

/** Tags of models and versions. */
export function readRegistryTags(args: Args, name: string): { key: string; value: string }[] {
  return args.list(name).map((tag) => ({
    key: registryTagKey(tag),
    value: within('value', tag.text('value') ?? '', limits.registryTagValue),
  }))
}

/** The key of a tag of a model or version. */
export const registryTagKey = (args: Args): string =>
  checkKey(args.nameOf('key'), args.required('key'), args.nameOf('key'))

/** A page size within bounds. */
export function pageSize(args: Args, otherwise: number, most: number, name = 'max_results'): number {
  const value = args.integer(name) ?? otherwise
  if (value < 1 || value > most)
    throw mlflowErrors.INVALID_VALUE(name, value, `It must be a positive number of at most ${most}.`)
  return value
}

/** ACTIVE_ONLY, DELETED_ONLY or ALL, by name or number. */
export function viewOf(args: Args, name: string): 'active' | 'deleted' | 'all' {
  const value = args.raw(name)
  if (value === undefined || value === '' || value === 'ACTIVE_ONLY' || value === 1 || value === '1') return 'active'
  if (value === 'DELETED_ONLY' || value === 2 || value === '2') return 'deleted'
  if (value === 'ALL' || value === 3 || value === '3') return 'all'
  throw args.invalid(name, value)
}
