/** What a filter can talk about. */
export type FilterEntity = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'

/** What may be searched and by which names: runs, experiments, logged models, registered models, versions. */
export interface FilterTarget {
  readonly entities: readonly FilterEntity[]
  /** Attribute names, and their other names, by the canonical one. */
  readonly strings: Readonly<Record<string, readonly string[]>>
  readonly numbers: Readonly<Record<string, readonly string[]>>
  /** Which of the numbers are times: they are compared with dates too. */
  readonly times?: readonly string[]
}

/** What has metrics with all their statistics, to calculate with: runs. */
export interface RunTarget extends FilterTarget {
  readonly calculates: true
}

const names: Record<FilterEntity, readonly string[]> = {
  metric: ['metric', 'metrics'],
  param: ['param', 'params', 'parameter', 'parameters'],
  tag: ['tag', 'tags'],
  attribute: ['attribute', 'attributes', 'attr', 'run'],
  dataset: ['dataset', 'datasets'],
}

export const datasetKeys = ['name', 'digest', 'context']

/** The entity that a prefix names in this target. */
export function entityNamed(target: FilterTarget, prefix: string): FilterEntity | undefined {
  return target.entities.find((entity) => names[entity].includes(prefix))
}

export const prefixesOf = (target: FilterTarget): string[] => target.entities.flatMap((entity) => names[entity])

/** The canonical name and type of an attribute, from any of its names. */
export function attributeNamed(
  target: FilterTarget,
  name: string,
): { key: string; type: 'string' | 'number' } | undefined {
  for (const [type, table] of [
    ['string', target.strings],
    ['number', target.numbers],
  ] as const) {
    for (const [key, others] of Object.entries(table)) if (key === name || others.includes(name)) return { key, type }
  }
  return undefined
}

export const attributesOf = (target: FilterTarget): string[] => [
  ...Object.keys(target.strings),
  ...Object.keys(target.numbers),
]

export const runTarget: RunTarget = {
  calculates: true,
  entities: ['metric', 'param', 'tag', 'attribute', 'dataset'],
  strings: { run_id: [], run_name: ['run name', 'Run name', 'Run Name'], user_id: [], status: [], artifact_uri: [] },
  numbers: { start_time: ['created', 'Created'], end_time: [] },
  times: ['start_time', 'end_time'],
}

export const experimentTarget: FilterTarget = {
  entities: ['tag', 'attribute'],
  strings: { name: [], experiment_id: [] },
  numbers: { creation_time: [], last_update_time: [] },
  times: ['creation_time', 'last_update_time'],
}

export const loggedModelTarget: FilterTarget = {
  entities: ['metric', 'param', 'tag', 'attribute'],
  strings: { name: [], model_id: [], model_type: [], status: [], source_run_id: [] },
  numbers: { creation_timestamp: ['creation_time'], last_updated_timestamp: ['last_updated_time'] },
  times: ['creation_timestamp', 'last_updated_timestamp'],
}
