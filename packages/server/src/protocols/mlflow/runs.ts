import type { RunStatus } from '@trivium/contract'
import {
  offsetOf,
  parseFilter,
  parseOrder,
  type RunQuery,
  runTarget,
  type Tracking,
  trackingErrors,
} from '../../capabilities/tracking/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Args } from './args.ts'
import { readBatchMetrics, readMetric } from './metrics-in.ts'
import { mlflowErrors } from './errors.ts'
import { checkKey, limits, pageSize, readTags, viewOf, within } from './limits.ts'
import { rpc } from './rpc.ts'
import { runListJson } from './run-json.ts'
import { runInfoShape } from './shapes.ts'

const here = new URL(`./search-runs-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const statuses: readonly RunStatus[] = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']

const runIdOf = (args: Args): string => {
  const id = args.text('run_id') || args.text('run_uuid')
  if (!id) throw mlflowErrors.MISSING('run_id')
  if (!/^[a-zA-Z0-9][\w-]{0,255}$/.test(id)) throw trackingErrors.RUN_NOT_FOUND(id.slice(0, 256))
  return id
}

function statusOf(args: Args): RunStatus | undefined {
  const value = args.raw('status')
  if (value === undefined) return undefined
  const status = typeof value === 'number' ? statuses[value - 1] : statuses.find((s) => s === value)
  if (!status) throw args.invalid('status', value)
  return status
}

const readParam = (args: Args, limit: number) => ({
  key: checkKey(args.nameOf('key'), args.required('key'), args.nameOf('key')),
  value: (args.text('value') ?? '').slice(0, limit),
})

/** runs/* and the searches over them. */
export function runCalls(app: Http, tracking: Tracking, { db }: Pick<Kernel, 'db'>): void {
  rpc(app, 'POST', 'runs/create', 'run:write', async ({ args, scope }) => {
    const name = args.text('run_name')
    const tags = readTags(args, 'tags')
    const run = await tracking.createRun(scope, {
      experiment:
        args.raw('experiment_id') === undefined || args.raw('experiment_id') === '' ? '0' : args.id('experiment_id'),
      user: args.text('user_id') ?? '',
      startTime: args.integer('start_time') ?? null,
      tags,
      ...(name ? { name: within('run_name', name, limits.tagValue) } : {}),
    })
    const all = new Map([...tags.map((t) => [t.key, t.value] as const), ['mlflow.runName', run.name] as const])
    return {
      run: { info: runInfoShape(run), data: { tags: [...all].map(([key, value]) => ({ key, value })) }, inputs: {} },
    }
  })
  rpc(app, 'POST', 'runs/update', 'run:write', async ({ args, scope }) => {
    const status = statusOf(args)
    const endTime = args.integer('end_time')
    const name = args.text('run_name')
    const run = await tracking.updateRun(scope, runIdOf(args), {
      ...(status ? { status } : {}),
      ...(endTime === undefined ? {} : { endTime }),
      ...(name ? { name: within('run_name', name, limits.tagValue) } : {}),
    })
    return { run_info: runInfoShape(run) }
  })
  rpc(app, 'POST', 'runs/delete', 'run:write', ({ args, scope }) =>
    tracking.setRunLifecycle(scope, runIdOf(args), 'deleted'),
  )
  rpc(app, 'POST', 'runs/restore', 'run:write', ({ args, scope }) =>
    tracking.setRunLifecycle(scope, runIdOf(args), 'active'),
  )
  rpc(app, 'GET', 'runs/get', 'run:read', async ({ args, scope }) => {
    const run = await tracking.requireRun(scope, runIdOf(args))
    const [json] = await runListJson(db.read, db.dialect, scope.project, [run])
    return Buffer.from(`{"run":${json}}`)
  })

  rpc(app, 'POST', 'runs/log-metric', 'run:write', ({ args, scope }) =>
    tracking.logBatch(scope, runIdOf(args), { metrics: [readMetric(args)], params: [], tags: [] }),
  )
  rpc(app, 'POST', 'runs/log-parameter', 'run:write', ({ args, scope }) =>
    tracking.logBatch(scope, runIdOf(args), { metrics: [], params: [readParam(args, limits.paramValue)], tags: [] }),
  )
  rpc(app, 'POST', 'runs/set-tag', 'run:write', ({ args, scope }) =>
    tracking.logBatch(scope, runIdOf(args), { metrics: [], params: [], tags: [readParam(args, limits.tagValue)] }),
  )
  rpc(app, 'POST', 'runs/delete-tag', 'run:write', ({ args, scope }) =>
    tracking.deleteRunTag(scope, runIdOf(args), args.required('key')),
  )
  rpc(
    app,
    'POST',
    'runs/log-batch',
    'run:write',
    ({ args, scope }) => {
      const metrics = readBatchMetrics(args)
      const params = args.list('params')
      const tags = args.list('tags')
      for (const [what, count, most] of [
        ['metrics', metrics.length, limits.batchMetrics],
        ['params', params.length, limits.batchParams],
        ['tags', tags.length, limits.batchTags],
        ['metrics, params, and tags', metrics.length + params.length + tags.length, limits.batchTotal],
      ] as const) {
        if (count > most)
          throw mlflowErrors.INVALID(
            `A batch logging request can contain at most ${most} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
          )
      }
      return tracking.logBatch(scope, runIdOf(args), {
        metrics,
        params: params.map((p) => readParam(p, limits.paramValue)),
        tags: readTags(args, 'tags'),
      })
    },
    { bodyLimit: 4_000_000, load: 'log' },
  )
  // 2.x clients say here which model a run logged; the tag is where they and others look for it.
  rpc(app, 'POST', 'runs/log-model', 'run:write', async ({ args, scope }) => {
    const id = runIdOf(args)
    const model = parseModel(args.required('model_json'))
    await tracking.requireRun(scope, id)
    const row = await db.read
      .selectFrom('run_tag')
      .select('value')
      .where('project_id', '=', scope.project)
      .where('run_id', '=', id)
      .where('key', '=', historyTag)
      .executeTakeFirst()
    const history = row === undefined ? [] : (JSON.parse(row.value) as unknown[])
    await tracking.logBatch(scope, id, {
      metrics: [],
      params: [],
      tags: [{ key: historyTag, value: JSON.stringify([...history, model]) }],
    })
  })
  rpc(
    app,
    'POST',
    'runs/log-inputs',
    'run:write',
    ({ args, scope }) => {
      const datasets = args.list('datasets')
      if (datasets.length > limits.datasets)
        throw mlflowErrors.INVALID(`At most ${limits.datasets} datasets can be logged at once.`)
      return tracking.logInputs(scope, runIdOf(args), {
        datasets: datasets.map(readDataset),
        models: args.list('models').map((model) => model.required('model_id')),
      })
    },
    { bodyLimit: 40_000_000 },
  )
  rpc(app, 'POST', 'runs/outputs', 'run:write', ({ args, scope }) =>
    tracking.logOutputs(
      scope,
      runIdOf(args),
      args.list('models').map((model) => ({ id: model.required('model_id'), step: model.integer('step') ?? 0 })),
    ),
  )

  rpc(app, 'POST', 'runs/search', 'run:read', async ({ args, scope }) => {
    const limit = pageSize(args, 1000, 50_000)
    const fingerprint = [
      args.texts('experiment_ids'),
      args.text('filter'),
      args.texts('order_by'),
      viewOf(args, 'run_view_type'),
    ]
    const query: RunQuery = {
      project: scope.project,
      experiments: args.texts('experiment_ids'),
      view: viewOf(args, 'run_view_type'),
      filter: parseFilter(args.text('filter'), runTarget),
      order: parseOrder(args.texts('order_by'), runTarget),
      limit,
      offset: offsetOf(args.text('page_token'), fingerprint),
    }
    return db.offload({ module: here, name: 'runSearchBytes', input: { query, fingerprint } })
  })
}

const historyTag = 'mlflow.log-model.history'

function parseModel(text: string): unknown {
  try {
    const model: unknown = JSON.parse(text)
    if (typeof model === 'object' && model !== null) return model
  } catch {
    // Falls through to the error.
  }
  throw mlflowErrors.INVALID('Malformed model info. model_json is not the JSON of a model.')
}

function readDataset(entry: Args) {
  const dataset = entry.object('dataset')
  if (!dataset) throw mlflowErrors.MISSING(entry.nameOf('dataset'))
  const schema = dataset.text('schema')
  const profile = dataset.text('profile')
  return {
    name: within('name', dataset.required('name'), limits.datasetName),
    digest: within('digest', dataset.required('digest'), limits.datasetDigest),
    sourceType: dataset.required('source_type'),
    source: within('source', dataset.requiredText('source'), 65_535),
    ...(schema === undefined ? {} : { schema: within('schema', schema, 1_048_575) }),
    ...(profile === undefined ? {} : { profile: within('profile', profile, 16_777_215) }),
    tags: entry.list('tags').map((tag) => ({
      key: within('key', tag.required('key'), limits.inputTagKey),
      value: within('value', tag.text('value') ?? '', limits.inputTagValue),
    })),
  }
}
