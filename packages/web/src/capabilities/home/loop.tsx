import { AlertTile, DeploymentTile, MonitorTile } from './running-tiles.tsx'
import { DataTile, ModelTile, RunsTile } from './making-tiles.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Time } from '../../ui/time.tsx'
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
            {causeWords(caused.cause.summary)}{' '}
            <EntityLink kind="pipeline-run" name={caused.pipeline} id={caused.id} version={caused.id} look="name">
              {caused.pipeline}
            </EntityLink>
            , <Time at={caused.asOf} show="day" clock="event" />
          </span>
        </div>
      )}
    </>
  )
}

/** `monitor.degraded: monitor arrival-delay` as people say it: `arrival-delay degraded and started`. */
function causeWords(summary: string): string {
  const found = /^[\w-]+\.([\w-]+): [\w-]+ (.+?)\.?$/.exec(summary)
  return found
    ? `${found[2]} ${found[1]?.replaceAll('-', ' ')} and started`
    : `${summary.replace(/\.$/, '')}, which started`
}
