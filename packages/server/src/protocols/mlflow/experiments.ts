import {
  experimentTags,
  experimentTarget,
  offsetOf,
  pageTokenOf,
  parseFilter,
  parseOrder,
  selectExperiments,
  type Tracking,
  trackingErrors,
} from '../../capabilities/tracking/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { mlflowErrors } from './errors.ts'
import { limits, pageSize, readTags, viewOf, within } from './limits.ts'
import { rpc, type RpcCall } from './rpc.ts'
import { experimentShape, unlessEmpty } from './shapes.ts'

/** experiments/* */
export function experimentCalls(app: Http, tracking: Tracking, { db }: Pick<Kernel, 'db'>): void {
  const one = async (scope: Scope, row: Parameters<typeof experimentShape>[0]) => ({
    experiment: experimentShape(row, (await experimentTags(db.read, scope.project, [row.id])).get(row.id) ?? {}),
  })

  rpc(app, 'GET', 'experiments/get', 'run:read', async ({ args, scope }) =>
    one(scope, await tracking.requireExperiment(scope, args.id('experiment_id'))),
  )
  rpc(app, 'GET', 'experiments/get-by-name', 'run:read', async ({ args, scope }) =>
    one(scope, await tracking.requireExperimentByName(scope, args.required('experiment_name'))),
  )
  rpc(app, 'POST', 'experiments/create', 'run:write', async ({ args, scope }) => {
    checkLocation(args.text('artifact_location'))
    const tags = readTags(args, 'tags', limits.experimentTagValue)
    const { id } = await tracking.createExperiment(scope, {
      name: within('name', args.required('name'), limits.experimentName),
      tags,
    })
    return { experiment_id: id }
  })
  const search = async ({ args, scope }: RpcCall) => {
    const limit = pageSize(args, 1000, 50_000)
    const fingerprint = [args.text('filter'), args.texts('order_by'), viewOf(args, 'view_type')]
    const offset = offsetOf(args.text('page_token'), fingerprint)
    await tracking.requireExperiment(scope, '0')
    const { rows, more } = await selectExperiments(db.read, db.dialect, {
      project: scope.project,
      view: viewOf(args, 'view_type'),
      filter: parseFilter(args.text('filter'), experimentTarget),
      order: parseOrder(args.texts('order_by'), experimentTarget),
      limit,
      offset,
    })
    const tags = await experimentTags(
      db.read,
      scope.project,
      rows.map((row) => row.id),
    )
    return {
      ...unlessEmpty(
        'experiments',
        rows.map((row) => experimentShape(row, tags.get(row.id) ?? {})),
      ),
      ...(more ? { next_page_token: pageTokenOf(offset + limit, fingerprint) } : {}),
    }
  }
  rpc(app, ['GET', 'POST'], 'experiments/search', 'run:read', search)
  rpc(app, ['GET'], 'experiments/list', 'run:read', search)
  // Whoever deletes what is deleted, or restores what is active, hears that there is none.
  const move = async ({ args, scope }: RpcCall, to: 'active' | 'deleted'): Promise<void> => {
    const { id, lifecycle } = await tracking.requireExperiment(scope, args.id('experiment_id'))
    if (lifecycle === to) throw trackingErrors.EXPERIMENT_NOT_FOUND(id)
    await tracking.setExperimentLifecycle(scope, id, to)
  }
  rpc(app, 'POST', 'experiments/delete', 'run:write', (call) => move(call, 'deleted'))
  rpc(app, 'POST', 'experiments/restore', 'run:write', (call) => move(call, 'active'))
  rpc(app, 'POST', 'experiments/update', 'run:write', async ({ args, scope }) => {
    const id = args.id('experiment_id')
    await tracking.renameExperiment(scope, id, within('name', args.required('new_name'), limits.experimentName))
  })
  rpc(app, 'POST', 'experiments/set-experiment-tag', 'run:write', async ({ args, scope }) => {
    await tracking.requireExperiment(scope, args.id('experiment_id'))
    await tracking.tagExperiment(scope, args.id('experiment_id'), [
      {
        key: within('key', args.required('key'), limits.key),
        value: (args.text('value') ?? '').slice(0, limits.experimentTagValue),
      },
    ])
  })
  rpc(app, 'POST', 'experiments/delete-experiment-tag', 'run:write', ({ args, scope }) =>
    tracking.tagExperiment(scope, args.id('experiment_id'), [{ key: args.required('key'), value: null }]),
  )
  const searchDatasets = async ({ args, scope }: RpcCall) => {
    const ids = args.texts('experiment_ids')
    if (ids.length === 0) throw mlflowErrors.MISSING('experiment_ids')
    if (ids.length > 20)
      throw mlflowErrors.INVALID('SearchDatasets request cannot specify more than 20 experiment_ids.')
    const found = await db.read
      .selectFrom('run_input')
      .select(['experiment_id', 'name', 'digest', 'context'])
      .distinct()
      .where('project_id', '=', scope.project)
      .where('experiment_id', 'in', ids)
      .limit(1000)
      .execute()
    return {
      dataset_summaries: found.map((row) => ({
        experiment_id: row.experiment_id,
        name: row.name,
        digest: row.digest,
        ...(row.context === null ? {} : { context: row.context }),
      })),
    }
  }
  rpc(app, 'POST', 'experiments/search-datasets', 'run:read', searchDatasets)
  // Where MLflow's own server has it, and its clients look for it: a slash is missing there.
  rpc(app, 'POST', 'experiments/search-datasets', 'run:read', searchDatasets, {
    prefixes: ['/api/2.0mlflow', '/ajax-api/2.0mlflow'],
  })
}

/** Files live in Trivium's store; a place of the client's choice is refused, because a server that opens such places can be made to read anything. */
function checkLocation(location: string | undefined): void {
  if (!location || /^mlflow-artifacts:(\/+[\w./-]*)?$/.test(location)) return
  throw mlflowErrors.INVALID(
    `Invalid artifact_location "${location.slice(0, 200)}". Trivium keeps the artifacts itself; leave it out.`,
  )
}
