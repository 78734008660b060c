import type { Column } from '../ui/data-table.tsx'
import { formatValue } from '../ui/value.tsx'
import { Forest, forestDomain } from './forest.tsx'

interface Estimate {
  readonly importance: number
  readonly low: number
  readonly high: number
}

/** How much each row explains: the number with its interval, and the interval drawn beside that of the others. */
export function importanceColumns<R extends Estimate>(rows: readonly R[], from?: number): Column<R>[] {
  return [
    {
      id: 'importance',
      head: 'Importance',
      align: 'right',
      cell: ({ importance, low, high }) => (
        <span className="nowrap">
          {formatValue(importance, 'number', 3)}
          <span className="ci">{` ${formatValue(low, 'number', 3)} to ${formatValue(high, 'number', 3)}`}</span>
        </span>
      ),
    },
    {
      id: 'interval',
      head: '95 % interval',
      ...(from === undefined ? {} : { from }),
      cell: ({ importance, low, high }) => (
        <Forest value={importance} low={low} high={high} domain={forestDomain(rows, 0)} reference={0} width={160} />
      ),
    },
  ]
}
