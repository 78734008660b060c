import { AlertTile, DeploymentTile, MonitorTile } from './running-tiles.tsx'
import { DataTile, ModelTile, RunsTile } from './making-tiles.tsx'
import type { ProjectState } from './project-state.ts'

/** Data, runs, model, deployment, monitor, alert, and back: each with its live state. */
export function Loop({ project, state }: { readonly project: string; readonly state: ProjectState }) {
  const caused = state.pipelineRuns.data?.runs.find((run) => run.cause.kind === 'event')
  return (
    <>
      <div className="loop">
        <DataTile project={project} state={state} />
        <RunsTile project={project} state={state} />
        <ModelTile project={project} state={state} />
        <DeploymentTile project={project} state={state} />
        <MonitorTile project={project} state={state} />
        <AlertTile project={project} state={state} />
      </div>
      {caused && (
        <div className="loop-back">
          <span>
            {caused.cause.summary.replace(/\.$/, '')}: {caused.pipeline} ran
          </span>
        </div>
      )}
    </>
  )
}
