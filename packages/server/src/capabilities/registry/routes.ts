import {
  type BodyOf,
  checkModelVersion,
  createModel,
  deleteModel,
  deleteModelAlias,
  deleteModelVersion,
  downloadModelFile,
  findModelVersions,
  getModel,
  getModelCard,
  getModelRetraining,
  getModelStrategy,
  getModelVersion,
  listModels,
  listModelVersions,
  registerModelVersion,
  requestModelApproval,
  setModelAlias,
  setModelPolicy,
  setModelStrategy,
  testModelParity,
  updateModel,
  updateModelVersion,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { type Expression, offsetOf, pageTokenOf, parseFilter, sendArtifact, trackingErrors } from '../tracking/index.ts'
import type { VersionFiles } from './describe-files.ts'
import { registryErrors } from './errors.ts'
import { nameAfter, nameTokenOf } from './name-token.ts'
import { provenanceRoutes } from './provenance/routes.ts'
import type { NewVersion } from './register-version.ts'
import type { Registry } from './registry.ts'
import { modelTarget, type VersionPlace } from './search-models.ts'

const edits = (tags: Record<string, string | null> | undefined) =>
  Object.entries(tags ?? {}).map(([key, value]) => ({ key, value }))
const is = (key: string, value: string): Expression => ({
  op: 'compare',
  entity: 'attribute',
  key,
  statistic: 'last',
  comparator: '=',
  value,
})

export function registryRoutes(app: Http, registry: Registry): void {
  provenanceRoutes(app, registry)
  const asked = async (scope: Scope, model: string, body: BodyOf<typeof registerModelVersion>): Promise<NewVersion> => {
    if ((body.run === undefined) === (body.loggedModel === undefined))
      throw registryErrors.BAD_SOURCE('give either "run" with "path", or "loggedModel"')
    const sourceText =
      body.loggedModel === undefined ? `runs:/${body.run}/${body.path ?? ''}` : `models:/${body.loggedModel}`
    return {
      model,
      source: await registry.resolveSource(scope, sourceText),
      sourceText,
      tags: Object.entries(body.tags ?? {}).map(([key, value]) => ({ key, value })),
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.alias === undefined ? {} : { alias: body.alias }),
    }
  }
  mount(app, listModels, 200, async ({ scope, query }) => {
    const limit = query.limit ?? 100
    const fingerprint = ['models', query.filter]
    const after = nameAfter(query.page_token, fingerprint)
    const { models, more } = await registry.models(scope, {
      filter: parseFilter(query.filter, modelTarget),
      order: [],
      limit,
      ...(after === undefined ? {} : { after }),
    })
    const last = models.at(-1)
    return { models, nextPageToken: more && last ? nameTokenOf(last.name, fingerprint) : null }
  })
  mount(app, createModel, 201, ({ scope, body }) =>
    registry.createModel(scope, {
      name: body.name,
      tags: Object.entries(body.tags ?? {}).map(([key, value]) => ({ key, value })),
      ...(body.description === undefined ? {} : { description: body.description }),
    }),
  )
  mount(app, getModel, 200, ({ scope, params }) => registry.model(scope, params.model))
  mount(app, updateModel, 200, ({ scope, params, body }) =>
    registry.updateModel(scope, params.model, {
      tags: edits(body.tags),
      ...(body.description === undefined ? {} : { description: body.description }),
    }),
  )
  mount(app, deleteModel, 200, async ({ scope, params }) => {
    await registry.deleteModel(scope, params.model)
    return { deleted: true }
  })
  mount(app, setModelPolicy, 200, ({ scope, params, body }) => registry.setPolicy(scope, params.model, body))
  mount(app, getModelRetraining, 200, ({ scope, params }) => registry.retraining(scope, params.model))
  mount(app, getModelStrategy, 200, ({ scope }) => registry.strategy(scope))
  mount(app, setModelStrategy, 200, ({ scope, body }) => registry.setStrategy(scope, body))
  mount(app, setModelAlias, 200, async ({ scope, params, body }) => {
    const { version, reason } = body
    await registry.setAlias(scope, params.model, params.alias, version, reason === undefined ? {} : { reason })
    return registry.model(scope, params.model)
  })
  mount(app, deleteModelAlias, 200, async ({ scope, params }) => {
    await registry.deleteAlias(scope, params.model, params.alias)
    return registry.model(scope, params.model)
  })

  mount(app, listModelVersions, 200, async ({ scope, params, query }) => {
    await registry.model(scope, params.model)
    const limit = query.limit ?? 100
    const fingerprint = ['versions-below', params.model]
    const below = offsetOf(query.page_token, fingerprint)
    const { versions, more } = await registry.versions(scope, {
      filter: is('name', params.model),
      order: [{ entity: 'attribute', key: 'version_number', descending: true }],
      limit,
      ...(below === 0 ? {} : { below }),
    })
    const last = versions.at(-1)
    return { versions, nextPageToken: more && last ? pageTokenOf(last.version, fingerprint) : null }
  })
  mount(app, findModelVersions, 200, async ({ scope, query }) => {
    const limit = query.limit ?? 100
    const fingerprint = ['found-after', query.run]
    const after = nameAfter(query.page_token, fingerprint)
    const { versions, more } = await registry.versions(scope, {
      filter: query.run === undefined ? undefined : is('run_id', query.run),
      order: [{ entity: 'attribute', key: 'creation_timestamp', descending: true }],
      limit,
      ...(after === undefined ? {} : { afterVersion: JSON.parse(after) as VersionPlace }),
    })
    const last = versions.at(-1)
    const place = last && JSON.stringify({ createdAt: last.createdAt, model: last.model, version: last.version })
    return { versions, nextPageToken: more && place ? nameTokenOf(place, fingerprint) : null }
  })
  mount(app, registerModelVersion, 201, async ({ scope, params, body }) => {
    const { model, version } = await registry.registerVersion(scope, await asked(scope, params.model, body))
    return registry.version(scope, model, version)
  })
  mount(app, checkModelVersion, 200, async ({ scope, params, body }) => {
    const problems = await registry.checkVersion(scope, await asked(scope, params.model, body))
    return { accepted: problems.length === 0, problems }
  })
  mount(app, getModelVersion, 200, ({ scope, params }) => registry.version(scope, params.model, params.version))
  mount(app, getModelCard, 200, ({ scope, params }) => registry.card(scope, params.model, params.version))
  mount(app, updateModelVersion, 200, async ({ scope, params, body }) => {
    await registry.updateVersion(scope, params.model, params.version, {
      tags: edits(body.tags),
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.notes === undefined ? {} : { notes: body.notes }),
    })
    return registry.version(scope, params.model, params.version)
  })
  mount(app, deleteModelVersion, 200, async ({ scope, params }) => {
    await registry.deleteVersion(scope, params.model, params.version)
    return { deleted: true }
  })
  mount(app, testModelParity, 200, ({ scope, params, body }) =>
    registry.testParity(scope, params.model, params.version, body),
  )
  mount(app, requestModelApproval, 200, ({ scope, params, body }) =>
    registry.requestApproval(scope, params.model, params.version, {
      ...(body.dueAt === undefined ? {} : { dueAt: body.dueAt }),
      ...(body.assignee === undefined ? {} : { assignee: body.assignee }),
    }),
  )
  mount(app, downloadModelFile, 200, async ({ scope, params, query, request, reply }) => {
    const files = JSON.parse((await registry.versionRow(scope, params.model, params.version)).files) as VersionFiles
    const file = Object.hasOwn(files, query.path) ? files[query.path] : undefined
    if (!file) throw trackingErrors.ARTIFACT_NOT_FOUND(query.path)
    return sendArtifact(registry.blobs, request, reply, { project: scope.project, path: query.path, ...file })
  })
}
