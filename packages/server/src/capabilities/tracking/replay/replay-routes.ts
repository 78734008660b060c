import {
  listCheckpoints as checkpointsRoute,
  listRecoveredPoints,
  recoverPoints as recoverRoute,
} from '@trivium/contract'
import { type Http, mount } from '../../../kernel/http/index.ts'
import { createMetricReads } from '../archive/metric-reads.ts'
import { artifactDirectory } from '../artifact-path.ts'
import type { TrackingDeps } from '../experiments.ts'
import { listCheckpoints } from './list-checkpoints.ts'
import { listRecovered, recoverPoints } from './recover-points.ts'

/** Metrics that were forgotten, computed from the checkpoints of a run. */
export function replayRoutes(app: Http, kernel: TrackingDeps): void {
  const { db } = kernel
  const deps = { ...kernel, metrics: createMetricReads(kernel) }
  mount(app, checkpointsRoute, 200, ({ scope, params, query }) =>
    listCheckpoints(db.read, scope.project, params.run, artifactDirectory(query.path ?? 'checkpoints')),
  )
  mount(app, recoverRoute, 200, async ({ scope, params, body }) => ({
    added: await recoverPoints(deps, scope, params.run, {
      ...body,
      points: body.points.map(({ key, value }) => ({ key, value: Number(value) })),
    }),
  }))
  mount(app, listRecoveredPoints, 200, async ({ scope, params, query }) => ({
    points: await listRecovered(db.read, scope.project, params.run, query.key),
  }))
}
