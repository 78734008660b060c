import type { FilterField } from '../../ui/filter-syntax.ts'
import { parseColumn, writeKey } from './run-keys.ts'

const what = { metrics: 'metric', params: 'parameter', tags: 'tag' }

/** What the filter of runs completes: the columns that there are, and the attributes. */
export function filterFields(offered: readonly string[]): FilterField[] {
  return [
    ...offered.map((id): FilterField => {
      const column = parseColumn(id)
      return {
        name: column ? writeKey(column) : id,
        what: column ? what[column.group] : '',
        type: column?.group === 'metrics' ? 'number' : 'text',
      }
    }),
    {
      name: 'attributes.status',
      what: 'state',
      type: 'text',
      values: ["'RUNNING'", "'FINISHED'", "'FAILED'", "'KILLED'"],
    },
    { name: 'attributes.run_name', what: 'name', type: 'text' },
    { name: 'attributes.start_time', what: 'when it began', type: 'time' },
  ]
}
