import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { trackingErrors } from './errors.ts'
import { runTarget } from './filter/filter-target.ts'
import { parseFilter } from './filter/parse-filter.ts'
import { parseOrder, splitOrder } from './filter/parse-order.ts'
import { isElsewhere } from './archive/metric-places.ts'
import { offsetOf } from './page-token.ts'
import { parseColumns, parseGroupColumns } from './run-columns.ts'
import type { RunQuery } from './search-runs.ts'
import type { Tracking } from './tracking.ts'

/** Which runs, as the routes name them. */
export interface RunSearch {
  readonly experiment?: string
  readonly filter?: string
  readonly view?: 'active' | 'archived' | 'deleted' | 'all'
}

/** What reads many runs, as finished JSON of the routes `searchRuns`, `groupRuns` and `getMetricSeries`, on a reader thread. */
export interface RunReads {
  search(
    scope: Scope,
    query: RunSearch & { order_by?: string; columns?: string; limit?: number; page_token?: string },
  ): Promise<Uint8Array>
  groups(scope: Scope, query: RunSearch & { by: string; metrics?: string }): Promise<Uint8Array>
  /** At most 100 runs. */
  series(
    scope: Scope,
    query: {
      runs: readonly string[]
      keys: readonly string[]
      points: number
      fromStep?: number | undefined
      toStep?: number | undefined
    },
  ): Promise<Uint8Array>
}

const here = (file: string): URL =>
  new URL(`./${file}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

export function createRunReads({ db }: Pick<Kernel, 'db'>, tracking: Pick<Tracking, 'metrics'>): RunReads {
  return {
    search: async (scope, query) => {
      const fingerprint = [query.experiment, query.filter, query.order_by, query.view]
      const runQuery: RunQuery = {
        ...runQueryOf(scope, query),
        order: parseOrder(splitOrder(query.order_by), runTarget),
        limit: query.limit ?? 100,
        offset: offsetOf(query.page_token, fingerprint),
      }
      return db.offload({
        module: here('list-runs-thread'),
        name: 'runListBytes',
        input: { query: runQuery, columns: parseColumns(query.columns), fingerprint },
      })
    },
    groups: async (scope, query) => {
      const columns = parseColumns(query.metrics ?? '')
      if (columns.metrics === 'all' || columns.params.length > 0 || columns.tags.length > 0)
        throw trackingErrors.INVALID('Name each metric, as in metrics=metrics.auc,metrics.loss.')
      const input = { query: runQueryOf(scope, query), by: parseGroupColumns(query.by), metrics: columns.metrics }
      return db.offload({ module: here('group-runs-thread'), name: 'runGroupsBytes', input, slow: true })
    },
    series: async (scope, query) => {
      if (query.runs.length > 100) throw trackingErrors.INVALID('A chart takes at most 100 runs.')
      const { runs, keys, points, fromStep, toStep } = query
      const input = { project: scope.project, runs, keys, points, fromStep, toStep }
      const bytes = await db.offload({ module: here('metric-series-thread'), name: 'metricSeriesBytes', input })
      return isElsewhere(bytes) ? Buffer.from(JSON.stringify(await tracking.metrics.series(input))) : bytes
    },
  }
}

/** Which runs are meant, without order and page. */
const runQueryOf = (scope: Scope, query: RunSearch): RunQuery => ({
  project: scope.project,
  experiments: query.experiment === undefined ? undefined : [query.experiment],
  // What is archived is active to MLflow; our own tables leave it out.
  view: query.view === undefined || query.view === 'active' ? 'shown' : query.view,
  filter: parseFilter(query.filter, runTarget),
  order: [],
  limit: 0,
  offset: 0,
})
