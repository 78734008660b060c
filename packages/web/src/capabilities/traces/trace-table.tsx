import { searchTraces, type TraceRow } from '@trivium/contract'
import { useContractPages } from '../../data/contract-query.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { formatDuration } from '../../ui/format-time.ts'
import { Loading, PanelError } from '../../ui/page-states.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { traceState } from './trace-state.ts'

interface TraceTableProps {
  readonly project: string
  /** Which traces: of an experiment, a run, a deployment, or those that a filter finds. */
  readonly search: { experiment?: string; run?: string; deployment?: string; filter?: string }
  /** `-execution_time_ms`; the newest first without it. */
  readonly sort?: string
  readonly onSortChange?: (sort: string) => void
  /** What stands where nothing was found. */
  readonly empty: React.ReactNode
}

/** Traces: what was asked, how it went, how long it took. */
export function TraceTable({ project, search, sort = '', onSortChange, empty }: TraceTableProps) {
  const order = sort === '' ? undefined : sort.startsWith('-') ? `${sort.slice(1)} desc` : sort
  const query = { ...search, limit: 100, ...(order === undefined ? {} : { order_by: order }) }
  const pages = useContractPages(searchTraces, { params: { project }, query })
  if (pages.error && pages.error.status !== 400)
    return <PanelError title="The traces could not be read.">{pages.error.detail}</PanelError>
  if (pages.error) return <State kind="bad">{pages.error.detail}</State>
  if (!pages.data) return <Loading what="Reading the traces." />
  const rows = pages.data.pages.flatMap((page) => page.traces)
  if (rows.length === 0) return empty
  const said = rows.some((row) => row.assessments.length > 0)
  return (
    <>
      <DataTable
        label="Traces"
        rows={rows}
        rowKey={(row) => row.id}
        rowHref={(row) => `/p/${encodeURIComponent(project)}/traces/${encodeURIComponent(row.id)}`}
        sort={sort === '' ? '-timestamp_ms' : sort}
        {...(onSortChange ? { onSortChange } : {})}
        columns={[
          { id: 'name', head: 'Trace', sticky: true, cut: true, width: '24%', cell: (row) => row.name || row.id },
          {
            id: 'state',
            head: 'State',
            cell: (row) => {
              const { kind, word } = traceState(row.state)
              return <State kind={kind}>{word}</State>
            },
          },
          {
            id: 'request',
            head: 'Asked',
            cut: true,
            width: '26%',
            from: 700,
            cell: (row) => <Preview text={row.request} />,
          },
          {
            id: 'response',
            head: 'Answered',
            cut: true,
            width: '18%',
            from: 950,
            cell: (row) => <Preview text={row.response} />,
          },
          ...(said ? [{ id: 'said', head: 'Said of it', cell: (row: TraceRow) => <Said row={row} /> }] : []),
          {
            id: 'execution_time_ms',
            head: 'Took',
            align: 'right' as const,
            sortable: onSortChange !== undefined,
            cell: (row) => (row.durationMs === null ? '–' : formatDuration(row.durationMs)),
          },
          {
            id: 'timestamp_ms',
            head: 'Began',
            align: 'right' as const,
            sortable: onSortChange !== undefined,
            cell: (row) => <Time at={row.startedAt} />,
          },
        ]}
      />
      {pages.hasNextPage && (
        <p className="mt-12">
          <Button pending={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            Read older traces
          </Button>
        </p>
      )}
    </>
  )
}

function Preview({ text }: { readonly text: string | null }) {
  return text === null ? <span className="t3">–</span> : <span title={text}>{text}</span>
}

function Said({ row }: { readonly row: TraceRow }) {
  const valid = row.assessments.filter((one) => one.valid)
  const [first] = valid
  if (!first) return <span className="t3">–</span>
  const value = typeof first.value === 'string' ? first.value : JSON.stringify(first.value)
  return (
    <span title={valid.map((one) => `${one.name}: ${JSON.stringify(one.value)}`).join('\n')}>
      {valid.length === 1 ? `${first.name}: ${value}` : formatPlural(valid.length, 'assessment')}
    </span>
  )
}
