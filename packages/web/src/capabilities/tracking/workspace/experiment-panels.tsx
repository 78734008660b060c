import type { RunRow } from '@trivium/contract'
import type { SeriesColor } from '../../../charts/chart-types.ts'
import { parseColumn } from '../run-keys.ts'
import type { CurveSet } from './metric-panel.tsx'
import { Workspace, type WorkspaceState } from './workspace.tsx'
import { useGroupSets } from './workspace-groups.ts'

interface PanelView {
  readonly find: string
  readonly smooth: number | undefined
  readonly across: 'step' | 'time'
  readonly from: number | undefined
  readonly to: number | undefined
  readonly folded: readonly string[]
}

interface ExperimentPanelsProps {
  readonly project: string
  readonly search: {
    readonly experiment: string
    readonly view: 'active' | 'archived' | 'deleted'
    readonly filter?: string
  }
  /** Ids of metrics. */
  readonly metrics: readonly string[]
  readonly group: readonly string[]
  readonly drawn: readonly RunRow[]
  readonly colors: ReadonlyMap<string, SeriesColor>
  readonly selected: boolean
  readonly view: PanelView
  readonly onChange: (change: Partial<PanelView>) => void
}

/** The experiment as panels: a line for each of some runs, or where runs are grouped a band for each group. */
export function ExperimentPanels(props: ExperimentPanelsProps) {
  const { project, search, metrics, group, drawn, colors, selected, view, onChange } = props
  const groups = useGroupSets(project, search, group)
  const runs = drawn
    .filter((run) => colors.has(run.id))
    .map((run): CurveSet => ({ id: run.id, label: run.name, color: colors.get(run.id) ?? 's1', runs: [run.id] }))
  const by = group.map((id) => parseColumn(id)?.key ?? id).join(', ')
  return (
    <Workspace
      project={project}
      metrics={metrics.map((id) => id.slice('metrics.'.length))}
      sets={groups ?? runs}
      grouped={groups !== undefined}
      note={
        groups
          ? `of the ${groups.length} largest groups by ${by}, at most twelve runs each`
          : `of ${selected ? 'the selected runs' : `the first ${runs.length} runs`}, at most eight; select runs in the table to choose, or group them`
      }
      state={{
        find: view.find,
        smooth: Math.max(0, Math.min(0.99, view.smooth ?? 0)),
        axis: view.across,
        from: view.from,
        to: view.to,
        folded: view.folded,
      }}
      onChange={({ axis, smooth, ...change }: Partial<WorkspaceState>) =>
        onChange({
          ...change,
          ...(axis === undefined ? {} : { across: axis }),
          ...(smooth === undefined ? {} : { smooth: smooth === 0 ? undefined : smooth }),
        })
      }
    />
  )
}
