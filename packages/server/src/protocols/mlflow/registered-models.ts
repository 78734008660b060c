import type { ModelVersionRow, RegisteredModel } from '@trivium/contract'
import {
  type ModelVersionTable,
  modelTarget,
  type Registry,
  versionTarget,
  versionUri,
} from '../../capabilities/registry/index.ts'
import { parseFilter, parseOrder, placeOf } from '../../capabilities/tracking/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { limits, pageSize, readRegistryTags, registryTagKey, within } from './limits.ts'
import { rpc, type RpcCall } from './rpc.ts'
import { unlessEmpty } from './shapes.ts'

const pairs = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).map(([key, value]) => ({ key, value }))
const states = { pending: 'PENDING_REGISTRATION', ready: 'READY', failed: 'FAILED_REGISTRATION' } as const
const stages = ['None', 'Staging', 'Production', 'Archived'] as const

function versionShape(view: ModelVersionRow, row: ModelVersionTable): object {
  return {
    name: row.model,
    version: String(row.version),
    creation_timestamp: row.created_at,
    last_updated_timestamp: row.updated_at,
    user_id: row.created_by,
    current_stage: row.stage,
    description: row.description,
    source: row.source,
    ...(row.run_id === null ? {} : { run_id: row.run_id }),
    status: states[row.state],
    ...unlessEmpty('tags', pairs(view.tags)),
    run_link: row.run_link,
    ...unlessEmpty('aliases', view.aliases),
    ...(row.logged_model_id === null ? {} : { model_id: row.logged_model_id }),
  }
}

/** Prompts are models whose versions hold a text in a tag, and no files. */
export const promptTag = 'mlflow.prompt.is_prompt'
const prompt: Awaited<ReturnType<Registry['resolveSource']>> = {
  owner: 'prompt',
  path: '',
  files: {},
  run: null,
  loggedModel: null,
}

/** A version number as clients send it: text. */
function versionOf(args: Args): number {
  const raw = args.raw('version')
  const text = typeof raw === 'number' ? String(raw) : args.required('version')
  if (!/^\d{1,9}$/.test(text))
    throw mlflowErrors.INVALID(`Parameter 'version' must be an integer, got '${text.slice(0, 100)}'.`)
  return Number(text)
}

function stageOf(text: string): (typeof stages)[number] {
  const stage = stages.find((s) => s.toLowerCase() === text.toLowerCase())
  if (!stage)
    throw mlflowErrors.INVALID(
      `Invalid Model Version stage: ${text.slice(0, 100)}. Value must be one of ${stages.join(', ')}.`,
    )
  return stage
}

/** registered-models/* and model-versions/* */
export function registryCalls(app: Http, registry: Registry): void {
  const oneVersion = async (scope: Scope, name: string, version: number): Promise<object> =>
    versionShape(await registry.version(scope, name, version), await registry.versionRow(scope, name, version))
  /** By model, for one question over all of them. */
  const newestOf = async (
    scope: Scope,
    names: readonly string[],
    wanted: readonly string[] = [],
  ): Promise<Map<string, object[]>> => {
    const { rows, versions } = await registry.newestByStage(scope, names)
    const found = new Map<string, object[]>()
    for (const [i, row] of rows.entries())
      if (wanted.length === 0 || wanted.includes(row.stage))
        found.set(row.model, [...(found.get(row.model) ?? []), versionShape(versions[i] as ModelVersionRow, row)])
    return found
  }
  const latestByStage = async (scope: Scope, name: string, wanted: readonly string[]): Promise<object[]> =>
    (await newestOf(scope, [name], wanted)).get(name) ?? []
  const modelShape = (model: RegisteredModel, latest: readonly object[]) => ({
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    ...(model.description === '' ? {} : { description: model.description }),
    ...unlessEmpty('latest_versions', latest),
    ...unlessEmpty('tags', pairs(model.tags)),
    ...unlessEmpty(
      'aliases',
      model.aliases.map(({ alias, version }) => ({ alias, version: String(version) })),
    ),
  })
  const oneModel = async (scope: Scope, model: RegisteredModel) => ({
    registered_model: modelShape(model, await latestByStage(scope, model.name, [])),
  })

  rpc(app, 'POST', 'registered-models/create', 'model:write', async ({ args, scope }) => {
    const description = args.text('description')
    return oneModel(
      scope,
      await registry.createModel(scope, {
        name: args.required('name'),
        tags: readRegistryTags(args, 'tags'),
        ...(description ? { description } : {}),
      }),
    )
  })
  rpc(app, 'GET', 'registered-models/get', 'model:read', async ({ args, scope }) =>
    oneModel(scope, await registry.model(scope, args.required('name'))),
  )
  rpc(app, 'PATCH', 'registered-models/update', 'model:write', async ({ args, scope }) =>
    oneModel(
      scope,
      await registry.updateModel(scope, args.required('name'), { description: args.text('description') ?? '' }),
    ),
  )
  rpc(app, 'POST', 'registered-models/rename', 'model:write', async ({ args, scope }) =>
    oneModel(scope, await registry.renameModel(scope, args.required('name'), args.required('new_name'))),
  )
  rpc(app, 'DELETE', 'registered-models/delete', 'model:write', ({ args, scope }) =>
    registry.deleteModel(scope, args.required('name')),
  )
  rpc(app, 'GET', 'registered-models/search', 'model:read', async ({ args, scope }) => {
    const limit = pageSize(args, 100, 1000)
    const fingerprint = [args.text('filter'), args.texts('order_by')]
    const place = placeOf(args.text('page_token'), fingerprint)
    const { models, next } = await registry.models(scope, {
      filter: parseFilter(args.text('filter'), modelTarget),
      order: parseOrder(args.texts('order_by'), modelTarget),
      limit,
      ...(place ? { place } : {}),
    })
    const newest = await newestOf(
      scope,
      models.map((model) => model.name),
    )
    const shapes = models.map((model) => modelShape(model, newest.get(model.name) ?? []))
    return {
      ...unlessEmpty('registered_models', shapes),
      next_page_token: next(fingerprint),
    }
  })
  rpc(app, ['GET', 'POST'], 'registered-models/get-latest-versions', 'model:read', async ({ args, scope }) => {
    const { name } = await registry.model(scope, args.required('name'))
    return unlessEmpty('model_versions', await latestByStage(scope, name, args.texts('stages').map(stageOf)))
  })
  rpc(app, 'POST', 'registered-models/set-tag', 'model:write', async ({ args, scope }) => {
    const value = within('value', args.text('value') ?? '', limits.registryTagValue)
    await registry.updateModel(scope, args.required('name'), {
      tags: [{ key: registryTagKey(args), value }],
    })
  })
  rpc(app, 'DELETE', 'registered-models/delete-tag', 'model:write', ({ args, scope }) =>
    ignoreMissing(
      registry.updateModel(scope, args.required('name'), { tags: [{ key: registryTagKey(args), value: null }] }),
    ),
  )
  rpc(app, 'POST', 'registered-models/alias', 'model:write', ({ args, scope }) =>
    registry.setAlias(scope, args.required('name'), args.requiredText('alias'), versionOf(args)),
  )
  rpc(app, 'DELETE', 'registered-models/alias', 'model:write', ({ args, scope }) =>
    registry.deleteAlias(scope, args.required('name'), args.required('alias')),
  )
  rpc(app, 'GET', 'registered-models/alias', 'model:read', async ({ args, scope }) => {
    const alias = args.required('alias')
    const model = await registry.model(scope, args.required('name'))
    const found = model.aliases.find((a) => a.alias === alias)
    if (!found) throw mlflowErrors.INVALID(`Registered model alias ${alias} not found.`)
    return { model_version: await oneVersion(scope, model.name, found.version) }
  })

  rpc(app, 'POST', 'model-versions/create', 'model:write', async ({ args, scope }) => {
    const sourceText = args.required('source')
    const run = args.text('run_id')
    const loggedModel = args.text('model_id')
    const description = args.text('description')
    const runLink = args.text('run_link')
    const model = args.required('name')
    await registry.model(scope, model)
    const tags = readRegistryTags(args, 'tags')
    const source = tags.some(({ key, value }) => key === promptTag && value === 'true')
      ? prompt
      : await registry.resolveSource(scope, sourceText, {
          ...(run ? { run } : {}),
          ...(loggedModel ? { loggedModel } : {}),
        })
    if (run && source.owner.startsWith('run/') && source.owner !== `run/${run}`)
      throw mlflowErrors.INVALID(
        `Invalid model version source: '${sourceText.slice(0, 500)}'. The run_id request parameter must identify the resource that contains the source.`,
      )
    const { version } = await registry.registerVersion(scope, {
      model,
      source,
      sourceText,
      tags,
      mustExist: true,
      ...(description ? { description } : {}),
      ...(runLink ? { runLink } : {}),
    })
    return { model_version: await oneVersion(scope, model, version) }
  })
  rpc(app, 'GET', 'model-versions/get', 'model:read', async ({ args, scope }) => ({
    model_version: await oneVersion(scope, args.required('name'), versionOf(args)),
  }))
  rpc(app, 'PATCH', 'model-versions/update', 'model:write', async ({ args, scope }) => {
    await registry.updateVersion(scope, args.required('name'), versionOf(args), {
      description: args.text('description') ?? '',
    })
    return { model_version: await oneVersion(scope, args.required('name'), versionOf(args)) }
  })
  rpc(app, 'DELETE', 'model-versions/delete', 'model:write', ({ args, scope }) =>
    registry.deleteVersion(scope, args.required('name'), versionOf(args)),
  )
  rpc(app, 'POST', 'model-versions/transition-stage', 'model:write', async ({ args, scope }) => {
    const stage = stageOf(args.required('stage'))
    const archiveOthers = args.flag('archive_existing_versions') ?? false
    if (archiveOthers && stage !== 'Staging' && stage !== 'Production') {
      throw mlflowErrors.INVALID(
        `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are Staging, Production`,
      )
    }
    await registry.updateVersion(scope, args.required('name'), versionOf(args), { stage, archiveOthers })
    return { model_version: await oneVersion(scope, args.required('name'), versionOf(args)) }
  })
  rpc(app, 'GET', 'model-versions/get-download-uri', 'model:read', async ({ args, scope }) => {
    const row = await registry.versionRow(scope, args.required('name'), versionOf(args))
    return { artifact_uri: row.artifact_owner === prompt.owner ? row.source : versionUri(row.model, row.version) }
  })
  const search = async ({ args, scope }: RpcCall) => {
    const limit = pageSize(args, 10_000, 200_000)
    const fingerprint = [args.text('filter'), args.texts('order_by')]
    const place = placeOf(args.text('page_token'), fingerprint)
    const { rows, versions, next } = await registry.versions(scope, {
      filter: parseFilter(args.text('filter'), versionTarget),
      order: parseOrder(args.texts('order_by'), versionTarget),
      limit,
      ...(place ? { place } : {}),
    })
    return {
      ...unlessEmpty(
        'model_versions',
        rows.map((row, i) => versionShape(versions[i] as ModelVersionRow, row)),
      ),
      next_page_token: next(fingerprint),
    }
  }
  rpc(app, 'GET', 'model-versions/search', 'model:read', search)
  rpc(app, 'POST', 'model-versions/set-tag', 'model:write', ({ args, scope }) =>
    registry.updateVersion(scope, args.required('name'), versionOf(args), {
      tags: [
        {
          key: registryTagKey(args),
          value: within('value', args.text('value') ?? '', limits.registryTagValue),
        },
      ],
    }),
  )
  rpc(app, 'DELETE', 'model-versions/delete-tag', 'model:write', ({ args, scope }) =>
    ignoreMissing(
      registry.updateVersion(scope, args.required('name'), versionOf(args), {
        tags: [{ key: registryTagKey(args), value: null }],
      }),
    ),
  )
}

/** MLflow answers the same whether the tag was there or not. */
async function ignoreMissing(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if ((error as { code?: string }).code !== 'REGISTRY.TAG_NOT_FOUND') throw error
  }
}
