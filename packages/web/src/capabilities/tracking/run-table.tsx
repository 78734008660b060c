import type { RunRow } from '@trivium/contract'
import type { ReactNode } from 'react'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { formatDuration } from '../../ui/format-time.ts'
import { LiveCell } from '../../ui/live-cell.tsx'
import { StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { useNow } from '../../ui/environment.tsx'
import { parseColumn } from './run-keys.ts'
import { runStatus } from './run-status.ts'

interface RunTableProps {
  readonly project: string
  readonly label: string
  readonly runs: readonly RunRow[]
  /** Ids such as `metrics.auc`. */
  readonly columns: readonly string[]
  readonly sort: string
  readonly onSort: (sort: string) => void
  readonly selection: ReadonlySet<string>
  readonly onSelection: (selection: ReadonlySet<string>) => void
  readonly foot: ReactNode
}

/** Runs with the chosen metrics, parameters and tags; the server sorts. */
export function RunTable({ project, label, runs, columns, sort, onSort, selection, onSelection, foot }: RunTableProps) {
  const now = useNow()
  return (
    <DataTable
      label={label}
      rows={runs}
      rowKey={(run) => run.id}
      rowHref={(run) => entityUrl({ kind: 'run', name: run.name, id: run.id }, project)}
      sort={sort}
      onSortChange={onSort}
      selection={selection}
      onSelectionChange={onSelection}
      columns={[
        {
          id: 'attributes.run_name',
          head: <span style={{ paddingLeft: 18 }}>Run</span>,
          sticky: true,
          sortable: true,
          cell: (run) => (
            <span className="row">
              <StateGlyph kind={runStatus(run).kind} label={runStatus(run).word} />
              <EntityLink kind="run" name={run.name} id={run.id} look="name" strong />
              {run.parent !== null && <span className="t3 sm">nested</span>}
            </span>
          ),
        },
        ...columns.flatMap((id): Column<RunRow>[] => {
          const column = parseColumn(id)
          if (!column) return []
          const { group, key } = column
          if (group === 'metrics')
            return [
              {
                id,
                head: key,
                align: 'right',
                sortable: true,
                cell: (run) => {
                  const value = run.metrics[key]
                  if (value === undefined) return <span className="t3">–</span>
                  if (value === null) return <span className="t3">NaN</span>
                  return run.status === 'RUNNING' ? (
                    <LiveCell value={value}>
                      <Value value={value} />
                    </LiveCell>
                  ) : (
                    <Value value={value} />
                  )
                },
              },
            ]
          return [
            {
              id,
              head: group === 'tags' ? key : key,
              align: runs.every((run) => isNumeric(run[group][key])) ? 'right' : 'left',
              sortable: true,
              cut: true,
              cell: (run) => run[group][key] ?? <span className="t3">–</span>,
            },
          ]
        }),
        {
          id: 'user',
          head: 'By',
          cell: (run) => <span className="t2">{run.user || '–'}</span>,
        },
        {
          id: 'took',
          head: 'Took',
          align: 'right',
          cell: (run) =>
            run.startedAt === null ? (
              <span className="t3">–</span>
            ) : (
              formatDuration(
                Math.max(0, (run.endedAt ?? (run.status === 'RUNNING' ? now : run.startedAt)) - run.startedAt),
              )
            ),
        },
        {
          id: 'start_time',
          head: 'Age',
          align: 'right',
          sortable: true,
          cell: (run) => <Time at={run.startedAt} show="age" />,
        },
      ]}
      foot={foot}
    />
  )
}

const isNumeric = (value: string | undefined) => value === undefined || /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)
