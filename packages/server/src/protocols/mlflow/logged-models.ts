import {
  artifactDirectory,
  artifactUri,
  type LoggedModelQuery,
  loggedModelTarget,
  type MetricDataset,
  placeOf,
  parseFilter,
  parseOrder,
  sendArtifact,
  type Tracking,
} from '../../capabilities/tracking/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { pageSize } from './limits.ts'
import { rpc } from './rpc.ts'
import { fileShape, loggedModelShape, unlessEmpty } from './shapes.ts'

const here = new URL(`./logged-models-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** Which versions of registered models were made from a logged model. */
export type RegistrationsOf = (scope: Scope, loggedModel: string) => Promise<{ name: string; version: string }[]>

const pairs = (args: Args, name: string) =>
  args.list(name).map((p) => ({ key: p.required('key'), value: p.text('value') ?? '' }))

/** logged-models/* */
export function loggedModelCalls(
  app: Http,
  tracking: Tracking,
  { db }: Pick<Kernel, 'db'>,
  registrationsOf: RegistrationsOf,
): void {
  const shape = async (scope: Scope, id: string, allowDeleted = false): Promise<Uint8Array> => {
    const row = await tracking.requireLoggedModel(scope, id, { allowDeleted })
    const registrations = await registrationsOf(scope, id)
    return db.offload({ module: here, name: 'loggedModelBytes', input: { row, registrations } })
  }

  rpc(app, 'POST', 'logged-models', 'run:write', async ({ args, scope }) => {
    const name = args.text('name')
    if (name !== undefined && (name === '' || /[/:.%"']/.test(name))) {
      throw mlflowErrors.INVALID(
        `Invalid model name ('${name}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
      )
    }
    const sourceRun = args.text('source_run_id')
    const modelType = args.text('model_type')
    const model = await tracking.createLoggedModel(scope, {
      experiment: args.id('experiment_id'),
      params: pairs(args, 'params'),
      tags: pairs(args, 'tags'),
      ...(name ? { name } : {}),
      ...(sourceRun ? { sourceRun } : {}),
      ...(modelType ? { modelType } : {}),
    })
    return { model: loggedModelShape(model) }
  })
  rpc(app, 'POST', 'logged-models/search', 'run:read', async ({ args, scope }) => {
    const limit = pageSize(args, 50, 1000)
    const datasetOf = (d: Args): MetricDataset => {
      const digest = d.text('dataset_digest')
      return { name: d.required('dataset_name'), ...(digest ? { digest } : {}) }
    }
    const order = args.list('order_by').map((key) => {
      const dataset = key.text('dataset_name') ? datasetOf(key) : undefined
      const [parsed] = parseOrder(
        [`${key.required('field_name')} ${key.flag('ascending') === false ? 'DESC' : 'ASC'}`],
        loggedModelTarget,
      )
      if (!parsed) throw mlflowErrors.MISSING(key.nameOf('field_name'))
      return { ...parsed, ...(dataset ? { dataset } : {}) }
    })
    const fingerprint = [args.texts('experiment_ids'), args.text('filter'), args.raw('order_by'), args.raw('datasets')]
    const place = placeOf(args.text('page_token'), fingerprint)
    const query: LoggedModelQuery = {
      project: scope.project,
      experiments: args.texts('experiment_ids'),
      filter: parseFilter(args.text('filter'), loggedModelTarget),
      datasets: args.list('datasets').map(datasetOf),
      order,
      limit,
      ...(place ? { place } : {}),
    }
    return db.offload({ module: here, name: 'loggedModelSearchBytes', input: { query, fingerprint } })
  })
  rpc(app, 'GET', 'logged-models/:model_id', 'run:read', ({ args, scope }) =>
    shape(scope, args.required('model_id'), args.flag('allow_deleted') ?? false),
  )
  rpc(app, 'PATCH', 'logged-models/:model_id', 'run:write', async ({ args, scope }) => {
    const word = String(args.raw('status') ?? '')
    const status = {
      LOGGED_MODEL_PENDING: 'PENDING',
      LOGGED_MODEL_READY: 'READY',
      LOGGED_MODEL_UPLOAD_FAILED: 'UPLOAD_FAILED',
      '1': 'PENDING',
      '2': 'READY',
      '3': 'UPLOAD_FAILED',
    }[word] as 'PENDING' | 'READY' | 'UPLOAD_FAILED' | undefined
    if (word === '') throw mlflowErrors.MISSING('status')
    if (!status) throw args.invalid('status', word)
    await tracking.updateLoggedModel(scope, args.required('model_id'), { status })
    return shape(scope, args.required('model_id'))
  })
  rpc(app, 'DELETE', 'logged-models/:model_id', 'run:write', async ({ args, scope }) => {
    const { id, lifecycle } = await tracking.requireLoggedModel(scope, args.required('model_id'), {
      allowDeleted: true,
    })
    if (lifecycle === 'active') await tracking.updateLoggedModel(scope, id, { lifecycle: 'deleted' })
  })
  rpc(app, 'PATCH', 'logged-models/:model_id/tags', 'run:write', async ({ args, scope }) => {
    await tracking.updateLoggedModel(scope, args.required('model_id'), { tags: pairs(args, 'tags') })
  })
  rpc(app, 'DELETE', 'logged-models/:model_id/tags/:tag_key', 'run:write', ({ args, scope }) =>
    tracking.updateLoggedModel(scope, args.required('model_id'), { removeTag: args.required('tag_key') }),
  )
  rpc(app, 'POST', 'logged-models/:model_id/params', 'run:write', ({ args, scope }) =>
    tracking.updateLoggedModel(scope, args.required('model_id'), { params: pairs(args, 'params') }),
  )
  rpc(app, 'GET', 'logged-models/:model_id/artifacts/directories', 'run:read', async ({ args, scope }) => {
    const owner = { kind: 'logged-model', id: args.required('model_id') } as const
    const model = await tracking.requireLoggedModel(scope, owner.id)
    const files = await tracking.listArtifacts(scope, owner, artifactDirectory(args.text('artifact_directory_path')))
    const shapes = files.map((file) => fileShape(file, true))
    return { root_uri: artifactUri(model.experiment_id, owner), ...unlessEmpty('files', shapes) }
  })
  rpc(app, 'GET', 'logged-models/:model_id/artifacts/files', 'run:read', async ({ args, scope, request, reply }) => {
    const file = await tracking.requireArtifact(
      scope,
      { kind: 'logged-model', id: args.required('model_id') },
      args.required('artifact_file_path'),
    )
    return sendArtifact(tracking.blobs, request, reply, { project: scope.project, ...file })
  })
}
