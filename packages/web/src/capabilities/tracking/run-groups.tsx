import { groupRuns, type RunGroup } from '@trivium/contract'
import { Forest, forestDomain } from '../../charts/forest.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { decimalsFor, formatCount, formatNumber, formatPlural } from '../../ui/format-number.ts'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { parseColumn, writeEquals, writeKey } from './run-keys.ts'

interface RunGroupsProps {
  readonly project: string
  readonly search: {
    readonly experiment: string
    readonly view: 'active' | 'archived' | 'deleted'
    readonly filter?: string
  }
  /** Ids of columns: `params.depth`. */
  readonly by: readonly string[]
  /** Ids of the metrics that are shown. */
  readonly metrics: readonly string[]
  readonly sort: string
  readonly onSort: (sort: string) => void
  /** Shows the runs of a group: the filter that finds them. */
  readonly onOpen: (filter: string) => void
}

/** Runs by the values of parameters or tags, with mean and spread of each metric. */
export function RunGroups({ project, search, by, metrics, sort, onSort, onOpen }: RunGroupsProps) {
  const ids = (list: readonly string[]) =>
    list.flatMap((id) => {
      const column = parseColumn(id)
      return column ? [writeKey(column)] : []
    })
  const query = useContractQuery(
    groupRuns,
    { params: { project }, query: { ...search, by: ids(by).join(','), metrics: ids(metrics).join(',') } },
    { keep: true },
  )
  return (
    <QueryView query={query} what="the groups" shape="table" permission="run:read">
      {({ groups, total, runs }) => (
        <DataTable
          label={`Runs by ${by.map((id) => parseColumn(id)?.key ?? id).join(' and ')}`}
          rows={groups}
          rowKey={(group) => JSON.stringify(group.values)}
          sort={sort}
          onSortChange={onSort}
          keys={false}
          columns={[
            ...by.map((id, at): Column<RunGroup> => {
              const column = parseColumn(id)
              return {
                id,
                head: column?.key ?? id,
                sticky: at === 0,
                sortBy: (group) => sortable(group.values[at]),
                cell: (group) =>
                  at === 0 ? (
                    <Button look="link" onClick={() => onOpen(filterOf(by, group, search.filter))}>
                      {group.values[at] ?? 'none'}
                    </Button>
                  ) : (
                    (group.values[at] ?? <span className="t3">–</span>)
                  ),
              }
            }),
            {
              id: 'runs',
              head: 'Runs',
              align: 'right',
              sortBy: (group) => group.runs,
              cell: (group) => (
                <>
                  <Value value={group.runs} form="count" />
                  {group.running > 0 && <span className="t3 sm"> {formatCount(group.running)} running</span>}
                </>
              ),
            },
            ...metrics.flatMap((id, at) => metricColumns(id, groups, at === 0)),
            {
              id: 'last',
              head: 'Newest run',
              align: 'right',
              sortBy: (group) => group.lastRunAt,
              cell: (group) => <Time at={group.lastRunAt} show="age" />,
            },
          ]}
          foot={`${formatPlural(total, 'group')} of ${formatPlural(runs, 'run')}${
            total > groups.length ? `, the ${formatCount(groups.length)} largest shown` : ''
          }. Mean and standard deviation (sd) of the runs that have ended; the line is the mean's 95 % interval.`}
        />
      )}
    </QueryView>
  )
}

function metricColumns(id: string, groups: readonly RunGroup[], first: boolean): Column<RunGroup>[] {
  const key = parseColumn(id)?.key ?? id
  const of = (group: RunGroup) => group.metrics[key]
  const domain = forestDomain(
    groups.map((group) => {
      const { mean, low, high } = of(group) ?? {}
      return { value: mean ?? null, low: low ?? null, high: high ?? null }
    }),
  )
  const spreads = groups.flatMap((group) => of(group)?.sd || []).toSorted((a, b) => a - b)
  // decimals of a column are the same, so that points align; the middle group decides
  const places = spreads.length === 0 ? undefined : decimalsFor(spreads[Math.floor(spreads.length / 2)] ?? 0)
  return [
    ...(first
      ? [
          {
            id: `${id}-interval`,
            head: `${key}, 95 % interval`,
            cell: (group: RunGroup) => {
              const found = of(group)
              return <Forest value={found?.mean} low={found?.low} high={found?.high} domain={domain} look="interval" />
            },
          },
        ]
      : []),
    {
      id,
      head: key,
      align: 'right',
      sortBy: (group) => of(group)?.mean,
      cell: (group) => {
        const found = of(group)
        if (!found) return <span className="t3">–</span>
        return (
          <span className="value nowrap">
            {formatNumber(found.mean, places)}
            <span className="ci">{found.sd === null ? ' one run' : ` sd ${formatNumber(found.sd, places)}`}</span>
          </span>
        )
      },
    },
  ]
}

function filterOf(by: readonly string[], group: RunGroup, before: string | undefined): string {
  const parts = by.flatMap((id, at) => {
    const column = parseColumn(id)
    return column ? [writeEquals(column, group.values[at] ?? null)] : []
  })
  const filter = parts.join(' and ')
  return before === undefined || before === '' ? filter : `(${before}) and ${filter}`
}

const sortable = (value: string | null | undefined): string | number | null =>
  value === null || value === undefined ? null : value !== '' && Number.isFinite(Number(value)) ? Number(value) : value
