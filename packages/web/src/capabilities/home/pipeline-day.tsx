import type { UseQueryResult } from '@tanstack/react-query'
import type { listPipelineRuns, ResultOf } from '@trivium/contract'
import type { ApiError } from '@trivium/sdk'
import { Occurrences } from '../../charts/occurrences.tsx'
import { QueryView } from '../../data/query-view.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { useNow } from '../../ui/environment.tsx'
import { runState } from '../pipelines/run-state.ts'

interface PipelineDayProps {
  readonly project: string
  readonly runs: UseQueryResult<ResultOf<typeof listPipelineRuns>, ApiError>
}

/** What ran when: one row a pipeline. */
export function PipelineDay({ project, runs }: PipelineDayProps) {
  const now = useNow()
  return (
    <QueryView query={runs} what="the pipeline runs" shape="chart" permission="pipeline:read">
      {(data) => {
        if (data.runs.length === 0) return <p className="t2 mt-4">No pipeline ran yet.</p>
        const from = Math.min(...data.runs.map((run) => run.startedAt ?? run.createdAt))
        const to = Math.max(
          ...data.runs.map((run) => run.finishedAt ?? (run.state === 'running' ? now : run.createdAt)),
          from + 60_000,
        )
        const room = (to - from) * 0.03
        return (
          <Occurrences
            label="Pipeline runs"
            domain={[from - room, to + room]}
            rows={[...Map.groupBy(data.runs, (run) => run.pipeline)].map(([name, list]) => ({
              name,
              href: entityUrl({ kind: 'pipeline', name }, project),
              items: list.map((run) => ({
                id: run.id,
                from: run.startedAt ?? run.createdAt,
                to: run.finishedAt ?? undefined,
                state: runState(run).kind,
                href: entityUrl({ kind: 'pipeline-run', name: run.pipeline, version: run.id }, project),
              })),
            }))}
          />
        )
      }}
    </QueryView>
  )
}
