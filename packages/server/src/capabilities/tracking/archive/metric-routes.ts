import { moveRunMetrics, queryRuns } from '@trivium/contract'
import { type Http, mount } from '../../../kernel/http/index.ts'
import type { MetricArchive } from './metric-archive.ts'
import { createRunQueries } from './query-runs.ts'
import type { ArchiveDeps } from './read-archived.ts'

/** Moving metric points by hand, and SQL over all of them. */
export function metricRoutes(app: Http, archive: MetricArchive, deps: ArchiveDeps): void {
  const queries = createRunQueries(deps)
  mount(app, moveRunMetrics, 200, ({ scope, params }) => archive.archive(scope, params.run))
  mount(app, queryRuns, 200, ({ scope, body: { sql, experiments, runs, keys } }) =>
    queries.run(
      {
        project: scope.project,
        ...(experiments ? { experiments } : {}),
        ...(runs ? { runs } : {}),
        ...(keys ? { keys } : {}),
      },
      sql,
    ),
  )
}
