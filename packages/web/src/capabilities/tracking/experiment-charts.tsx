import type { Baseline, RunRow } from '@trivium/contract'
import type { SeriesColor } from '../../charts/chart-types.ts'
import { Segmented } from '../../ui/button.tsx'
import { Choice } from './choice.tsx'
import { RunCurves } from './run-curves.tsx'
import { RunScatter } from './run-scatter.tsx'
import { ImportancePanel } from './workspace/importance-panel.tsx'
import { RunParallel } from './workspace/run-parallel.tsx'
import type { RunBrushes } from './workspace/use-run-brushes.ts'

interface ExperimentChartsProps {
  readonly project: string
  readonly search: {
    readonly experiment: string
    readonly view: 'active' | 'archived' | 'deleted'
    readonly filter?: string
  }
  readonly axes: { readonly x: string | undefined; readonly y: string | undefined }
  readonly kind: 'usual' | 'parallel' | 'importance'
  /** Columns of the parallel coordinates, and what is marked on them. */
  readonly lines: readonly string[]
  readonly brushes: RunBrushes
  /** Columns to choose axes from. */
  readonly offered: readonly string[]
  /** Ids of metrics. */
  readonly metrics: readonly string[]
  readonly curve: string | undefined
  readonly published: readonly Baseline[]
  /** Whether any of the runs has more than one point of the metric. */
  readonly hasCurves: boolean
  readonly drawn: readonly RunRow[]
  readonly colors: ReadonlyMap<string, SeriesColor>
  readonly marked: ReadonlyMap<string, SeriesColor>
  /** Which runs are drawn. */
  readonly note: string
  readonly onChange: (chosen: ChosenCharts) => void
}

interface ChosenCharts {
  readonly x?: string
  readonly y?: string
  readonly curve?: string
  readonly chart?: 'usual' | 'parallel' | 'importance'
  readonly axes?: readonly string[]
  readonly brush?: readonly string[]
}

/** What the filter finds as charts: a scatter and curves, parallel coordinates, or what explains a metric. */
export function ExperimentCharts(props: ExperimentChartsProps) {
  const { project, search, kind, axes, metrics, onChange } = props
  const keys = metrics.map((id) => id.slice('metrics.'.length))
  return (
    <>
      <div style={{ marginBottom: 8 }}>
        <Segmented
          label="Charts"
          value={kind}
          onChange={(chart) => onChange({ chart })}
          options={[
            { value: 'usual', label: 'Scatter and curves' },
            { value: 'parallel', label: 'Parallel coordinates' },
            { value: 'importance', label: 'Importance' },
          ]}
        />
      </div>
      {kind === 'usual' ? (
        <UsualCharts {...props} />
      ) : kind === 'parallel' ? (
        <RunParallel
          project={project}
          axes={props.lines}
          colorBy={axes.y}
          offered={props.offered}
          brushes={props.brushes}
          marked={props.marked}
          onChange={onChange}
        />
      ) : (
        <ImportancePanel
          project={project}
          experiment={search.experiment}
          filter={search.filter ?? ''}
          metrics={keys}
          metric={axes.y?.startsWith('metrics.') ? axes.y.slice('metrics.'.length) : keys[0]}
          onMetric={(key) => onChange({ y: `metrics.${key}` })}
        />
      )}
    </>
  )
}

function UsualCharts(props: ExperimentChartsProps) {
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
          <RunCurves
            project={project}
            runs={props.drawn}
            metric={curve}
            colors={props.colors}
            note={props.note}
            published={props.published}
          />
        </div>
      )}
    </div>
  )
}
