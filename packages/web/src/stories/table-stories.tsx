import { useState } from 'react'
import { Forest, forestDomain } from '../charts/forest.tsx'
import { Sparkline } from '../charts/sparkline.tsx'
import { Alias } from '../ui/alias.tsx'
import { Button } from '../ui/button.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { ColumnsMenu } from '../ui/columns-menu.tsx'
import { Duration } from '../ui/duration.tsx'
import { EntityLink } from '../ui/entity-link.tsx'
import { formatAge } from '../ui/format-time.ts'
import { PageHeader } from '../ui/page-header.tsx'
import { Peek } from '../ui/peek.tsx'
import { KeyValues } from '../ui/facts.tsx'
import { QueryBar } from '../ui/query-bar.tsx'
import { SelectionBar } from '../ui/selection-bar.tsx'
import { StateGlyph } from '../ui/state.tsx'
import { Difference, Interval, Value } from '../ui/value.tsx'
import { baseline, manyRuns, runs, type StoryRun } from './story-data.ts'

const domain = forestDomain(
  runs.map((run) => ({
    value: run.auc,
    low: run.auc === null ? null : run.auc - run.half,
    high: run.auc === null ? null : run.auc + run.half,
  })),
  baseline.auc ?? 0,
)
const lossDomain: [number, number] = [0.32, 0.54]

const columns: Column<StoryRun>[] = [
  {
    id: 'name',
    head: 'Run',
    sticky: true,
    sortBy: (run) => run.name,
    cell: (run) => (
      <span className="row">
        <StateGlyph kind={run.state} />
        <EntityLink kind="run" name={run.name} id={run.id} look="name" strong />
        {run.alias && <Alias name={run.alias} />}
      </span>
    ),
  },
  {
    id: 'interval',
    head: 'AUC, 95 % interval',
    cell: (run) =>
      run.auc === null ? (
        <span className={run.state === 'bad' ? 'st st-bad' : 't2'}>{run.note}</span>
      ) : (
        <Forest
          value={run.auc}
          low={run.auc - run.half}
          high={run.auc + run.half}
          domain={domain}
          reference={baseline.auc ?? 0}
          look="interval"
          color="base"
          width={140}
        />
      ),
  },
  {
    id: 'auc',
    head: 'AUC',
    align: 'right',
    sortBy: (run) => run.auc,
    cell: (run) => (
      <Interval
        value={run.auc}
        low={run.auc === null ? null : run.auc - run.half}
        high={run.auc === null ? null : run.auc + run.half}
      />
    ),
  },
  {
    id: 'against',
    head: 'Against v3',
    align: 'right',
    sortBy: (run) => run.auc,
    cell: (run) =>
      run === baseline ? (
        <span className="t2">baseline</span>
      ) : (
        <Difference value={run.auc === null ? null : run.auc - (baseline.auc ?? 0)} decimals={4} bare />
      ),
  },
  {
    id: 'brier',
    head: 'Brier',
    align: 'right',
    sortBy: (run) => run.brier,
    cell: (run) => <Value value={run.brier} decimals={4} />,
  },
  { id: 'loss', head: 'Loss curve', cell: (run) => <Sparkline values={run.loss} domain={lossDomain} width={64} /> },
  {
    id: 'rate',
    head: 'learning_rate',
    align: 'right',
    sortBy: (run) => run.rate,
    cell: (run) => <Value value={run.rate || null} decimals={2} />,
  },
  {
    id: 'leaves',
    head: 'leaf_nodes',
    align: 'right',
    sortBy: (run) => run.leaves,
    cell: (run) => <Value value={run.leaves || null} form="count" />,
  },
  { id: 'origin', head: 'origin', cell: (run) => (run.origin ? 'yes' : 'no') },
  { id: 'data', head: 'Data', cell: () => <EntityLink kind="dataset" name="flights" version={17} look="name" /> },
  {
    id: 'took',
    head: 'Took',
    align: 'right',
    sortBy: (run) => run.tookMs,
    cell: (run) => (
      <span className="t2">
        <Duration ms={run.tookMs} />
      </span>
    ),
  },
  {
    id: 'age',
    head: 'Age',
    align: 'right',
    sortBy: (run) => run.ageMs,
    cell: (run) => <span className="t2">{formatAge(run.ageMs)}</span>,
  },
]

export function TableStories({ many = false }: { readonly many?: boolean }) {
  const [filter, setFilter] = useState('metrics.auc.max > 0.62 or status in (running, failed)')
  const [sort, setSort] = useState('-auc')
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set(['weekly-13w-31', 'weekly-13w-63']))
  const [visible, setVisible] = useState(columns.map((column) => column.id))
  const [peek, setPeek] = useState<StoryRun>()
  const rows = many ? manyRuns : runs
  return (
    <div>
      <PageHeader
        kind="experiment"
        title="arrival-delay"
        note="48 runs, 1 running, 3 archived"
        actions={
          <>
            <Button>Frontier</Button>
            <Button look="primary">New run</Button>
          </>
        }
      />
      <QueryBar
        value={filter}
        onChange={setFilter}
        matched={rows.length}
        total={many ? 5000 : 48}
        fields={[
          { name: 'metrics.auc.max', type: 'number', what: 'best value of auc' },
          { name: 'metrics.log_loss', type: 'number', what: 'last value' },
          { name: 'params.learning_rate', type: 'text', what: 'parameter' },
          { name: 'status', values: ['running', 'finished', 'failed'], what: 'state of the run' },
        ]}
      >
        <ColumnsMenu
          columns={columns.map((column) => ({
            id: column.id,
            label: String(column.head),
            fixed: column.id === 'name',
          }))}
          visible={visible}
          onChange={setVisible}
        />
      </QueryBar>
      <div className="mt-16">
        <DataTable
          label="Runs of arrival-delay"
          density="compact"
          columns={columns.filter((column) => visible.includes(column.id))}
          rows={rows}
          rowKey={(run) => run.id}
          rowHref={(run) => `/dev/stories?page=table&run=${run.id}`}
          pinned={[baseline]}
          sort={sort}
          onSortChange={setSort}
          selection={selection}
          onSelectionChange={setSelection}
          onPeek={setPeek}
          foot={
            <>
              {rows.length} of {many ? '5,000' : 48} runs match. The dashed line in the interval column is the champion.{' '}
              <button type="button" className="link" onClick={() => setFilter('')}>
                Clear filter
              </button>
            </>
          }
        />
      </div>
      <SelectionBar
        count={selection.size}
        onClear={() => setSelection(new Set())}
        actions={[
          { label: 'Compare', key: 'c', main: true, onAct: () => undefined },
          { label: 'Register', onAct: () => undefined },
          { label: 'Tag', onAct: () => undefined },
          { label: 'Archive', onAct: () => undefined },
        ]}
      />
      {peek && (
        <Peek
          label={`Run ${peek.name}`}
          title={<EntityLink kind="run" name={peek.name} id={peek.id} look="bare" strong />}
          onClose={() => setPeek(undefined)}
        >
          <KeyValues
            facts={[
              {
                label: 'AUC',
                value: (
                  <Interval value={peek.auc} low={(peek.auc ?? 0) - peek.half} high={(peek.auc ?? 0) + peek.half} />
                ),
              },
              { label: 'Took', value: <Duration ms={peek.tookMs} /> },
              { label: 'Data', value: <EntityLink kind="dataset" name="flights" version={17} /> },
            ]}
          />
        </Peek>
      )}
    </div>
  )
}
