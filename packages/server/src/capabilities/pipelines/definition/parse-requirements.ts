import type { DataRequirement } from '@trivium/contract'
import { readFields } from './field-reader.ts'
import type { YamlSource } from './yaml-source.ts'

/** The list under `requires`: which data have to be ready before a run starts. */
export function parseRequirements(source: YamlSource, value: unknown): DataRequirement[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    source.report(
      ['requires'],
      'must be a list such as [{ dataset: flights, label: late, labelled: 0.95, fresh: 7d }].',
    )
    return []
  }
  return value.map((item: unknown, index) => {
    const fields = readFields(source, ['requires', index], item, ['dataset', 'label', 'labelled', 'fresh'])
    const dataset = fields.text('dataset', '')
    if (dataset === '') fields.report('dataset', 'needs the name of a dataset.')
    const label = fields.text('label', '')
    const labelled = fields.raw('labelled') ?? 1
    if (fields.has('labelled') && label === '')
      fields.report('labelled', 'needs "label", the column that is to be filled.')
    if (typeof labelled !== 'number' || labelled < 0 || labelled > 1)
      fields.report('labelled', 'is the least share of rows with a label, from 0 to 1.')
    const freshMs = fields.duration('fresh')
    return {
      dataset,
      ...(label === '' ? {} : { label, labelled: Number(labelled) }),
      ...(freshMs === undefined ? {} : { freshMs }),
    }
  })
}
