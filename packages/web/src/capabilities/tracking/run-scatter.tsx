import { type RunRow, searchRuns } from '@trivium/contract'
import { useRouter } from '@tanstack/react-router'
import type { SeriesColor } from '../../charts/chart-types.ts'
import { Scatter } from '../../charts/scatter.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { entityUrl } from '../../ui/entity-url.ts'
import { formatCount } from '../../ui/format-number.ts'
import { Choice } from './choice.tsx'
import { parseColumn, valueOf, writeKey } from './run-keys.ts'

const most = 1000

interface RunScatterProps {
  readonly project: string
  readonly search: {
    readonly experiment: string
    readonly view: 'active' | 'archived' | 'deleted'
    readonly filter?: string
  }
  /** Ids of columns: `params.depth`, `metrics.auc`. */
  readonly x: string
  readonly y: string
  readonly offered: readonly string[]
  readonly onChange: (axes: { x?: string; y?: string }) => void
  readonly marked: ReadonlyMap<string, SeriesColor>
}

/** Runs that the filter finds by two of their columns; a metric stands upright. */
export function RunScatter({ project, search, x, y, offered, onChange, marked }: RunScatterProps) {
  const router = useRouter()
  const columns = [parseColumn(x), parseColumn(y)].flatMap((column) => (column ? [writeKey(column)] : []))
  const query = useContractQuery(
    searchRuns,
    { params: { project }, query: { ...search, limit: most, columns: columns.join(',') } },
    { keep: true },
  )
  const runs = query.data?.runs ?? []
  const points = runs.flatMap((run: RunRow) => {
    const [across, up] = [valueOf(run, x), valueOf(run, y)]
    return across === undefined || typeof up !== 'number' ? [] : [{ id: run.id, label: run.name, x: across, y: up }]
  })
  const choices = (ids: readonly string[]) => ids.map((id) => ({ value: id, label: parseColumn(id)?.key ?? id }))
  const left = (query.data?.total ?? 0) - points.length
  return (
    <div>
      <div className="row" style={{ gap: 12, flexWrap: 'wrap', marginBottom: 8 }}>
        <Choice
          label="Upright"
          value={y}
          options={choices(offered.filter((id) => id.startsWith('metrics.')))}
          onChange={(chosen) => onChange({ y: chosen })}
        />
        <Choice
          label="across"
          value={x}
          options={choices(offered.filter((id) => !id.startsWith('tags.')))}
          onChange={(chosen) => onChange({ x: chosen })}
        />
      </div>
      {points.length === 0 ? (
        <p className="t3">{query.isPending ? 'Reading the runs.' : 'No run that matches has both values.'}</p>
      ) : (
        <Scatter
          title={parseColumn(y)?.key ?? y}
          how={`against ${parseColumn(x)?.key ?? x}, last value of each run`}
          names={{ x: parseColumn(x)?.key ?? x, y: parseColumn(y)?.key ?? y }}
          points={points}
          marked={marked}
          onOpen={(id) => {
            const run = runs.find((one) => one.id === id)
            if (run) router.history.push(entityUrl({ kind: 'run', name: run.name, id }, project))
          }}
          caption={
            left > 0 &&
            ((query.data?.total ?? 0) > most
              ? `The first ${formatCount(most)} of ${formatCount(query.data?.total ?? 0)} runs; filter to see others.`
              : `${formatCount(left)} more have no value in one of the two.`)
          }
        />
      )}
    </div>
  )
}
