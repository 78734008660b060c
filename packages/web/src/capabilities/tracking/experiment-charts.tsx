import type { RunRow } from '@trivium/contract'
import type { SeriesColor } from '../../charts/chart-types.ts'
import { Choice } from './choice.tsx'
import { RunCurves } from './run-curves.tsx'
import { RunScatter } from './run-scatter.tsx'

interface ExperimentChartsProps {
  readonly project: string
  readonly search: { readonly experiment: string; readonly view: 'active' | 'deleted'; readonly filter?: string }
  readonly axes: { readonly x: string | undefined; readonly y: string | undefined }
  /** Columns to choose axes from. */
  readonly offered: readonly string[]
  /** Ids of metrics. */
  readonly metrics: readonly string[]
  readonly curve: string | undefined
  /** Whether any of the runs has more than one point of the metric. */
  readonly hasCurves: boolean
  readonly drawn: readonly RunRow[]
  readonly colors: ReadonlyMap<string, SeriesColor>
  readonly marked: ReadonlyMap<string, SeriesColor>
  /** Which runs are drawn. */
  readonly note: string
  readonly onChange: (chosen: { x?: string; y?: string; curve?: string }) => void
}

/** What the filter finds as charts: a scatter over two columns, and the curves of some runs. */
export function ExperimentCharts(props: ExperimentChartsProps) {
  const { project, axes, metrics, curve, hasCurves, marked, onChange } = props
  const scatter = axes.x !== undefined && axes.y !== undefined
  if (!scatter && !hasCurves) return null
  return (
    <div className={scatter && hasCurves ? 'cols-2' : undefined} style={{ marginBottom: 12 }}>
      {scatter && (
        <RunScatter
          project={project}
          search={props.search}
          x={axes.x ?? ''}
          y={axes.y ?? ''}
          offered={props.offered}
          onChange={onChange}
          marked={marked}
        />
      )}
      {hasCurves && (
        <div>
          <div style={{ marginBottom: 8 }}>
            <Choice
              label="Curve"
              value={curve ?? ''}
              onChange={(chosen) => onChange({ curve: chosen })}
              options={metrics.map((id) => ({
                value: id.slice('metrics.'.length),
                label: id.slice('metrics.'.length),
              }))}
            />
          </div>
          <RunCurves project={project} runs={props.drawn} metric={curve} colors={props.colors} note={props.note} />
        </div>
      )}
    </div>
  )
}
