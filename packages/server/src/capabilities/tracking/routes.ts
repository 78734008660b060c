import {
  addRunArtifact,
  compareRuns,
  createExperiment,
  deleteExperiment,
  deleteRun,
  deleteRunView,
  downloadLoggedModelArtifact,
  downloadRunArtifact,
  getExperiment,
  getMetricSeries,
  getRun,
  groupRuns,
  listExperiments,
  listLoggedModelArtifacts,
  listRunArtifacts,
  listRunColumns,
  listRunViews,
  restoreExperiment,
  restoreRun,
  saveRunView,
  searchRuns,
  updateExperiment,
  updateRun,
} from '@trivium/contract'
import type { FastifyReply } from 'fastify'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Uploads } from '../storage/index.ts'
import { artifactDirectory } from './artifact-path.ts'
import { offsetOf } from './page-token.ts'
import { createRunReads } from './run-reads.ts'
import { sendArtifact } from './send-artifact.ts'
import type { Tracking } from './tracking.ts'

const list = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  ),
]
const note = 'mlflow.note.content'
const here = (file: string): URL =>
  new URL(`./${file}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

const tagChanges = (body: { note?: string; tags?: Record<string, string | null> }) => [
  ...Object.entries(body.tags ?? {}).map(([key, value]) => ({ key, value })),
  ...(body.note === undefined ? [] : [{ key: note, value: body.note }]),
]

export function trackingRoutes(
  app: Http,
  tracking: Tracking,
  { db, uploads }: Pick<Kernel, 'db'> & { readonly uploads: Pick<Uploads, 'requireDone'> },
): void {
  const reads = createRunReads({ db }, tracking)
  mount(app, createExperiment, 201, async ({ scope, body }) => {
    const { id } = await tracking.createExperiment(scope, {
      name: body.name,
      tags: body.note === undefined ? [] : [{ key: note, value: body.note }],
    })
    return tracking.experimentDetail(scope, id)
  })
  mount(app, getExperiment, 200, async ({ scope, params }) =>
    tracking.experimentDetail(scope, await tracking.experimentId(scope, params.experiment)),
  )
  mount(app, updateExperiment, 200, async ({ scope, params, body }) => {
    await tracking.requireExperiment(scope, params.experiment)
    if (body.name !== undefined) await tracking.renameExperiment(scope, params.experiment, body.name)
    const changes = tagChanges(body)
    if (changes.length > 0) await tracking.tagExperiment(scope, params.experiment, changes)
    return tracking.experimentDetail(scope, params.experiment)
  })
  const moveExperiment = async (scope: Scope, id: string, lifecycle: 'active' | 'deleted') => {
    await tracking.setExperimentLifecycle(scope, id, lifecycle)
    return tracking.experimentDetail(scope, id)
  }
  mount(app, deleteExperiment, 200, ({ scope, params }) => moveExperiment(scope, params.experiment, 'deleted'))
  mount(app, restoreExperiment, 200, ({ scope, params }) => moveExperiment(scope, params.experiment, 'active'))

  app.register(async (plain: Http) => {
    // Finished JSON comes from a reader thread; there is nothing left to serialise.
    plain.setSerializerCompiler(() => (payload: unknown) => payload as string)
    mount(plain, listExperiments, 200, async ({ scope, query, reply }) => {
      const view = query.view ?? 'active'
      const fingerprint = ['experiments', view]
      const offset = offsetOf(query.page_token, fingerprint)
      if (offset === 0) await tracking.requireExperiment(scope, '0')
      const input = { project: scope.project, view, limit: query.limit ?? 100, offset, fingerprint }
      return finished(
        reply,
        await db.offload({ module: here('list-experiments-thread'), name: 'experimentListBytes', input }),
      )
    })
    mount(plain, listRunColumns, 200, async ({ scope, query, reply }) => {
      const input = { project: scope.project, experiment: query.experiment }
      return finished(reply, await db.offload({ module: here('list-experiments-thread'), name: 'runKeysBytes', input }))
    })
    mount(plain, searchRuns, 200, async ({ scope, query, reply }) => finished(reply, await reads.search(scope, query)))
    mount(plain, groupRuns, 200, async ({ scope, query, reply }) => finished(reply, await reads.groups(scope, query)))
    mount(plain, compareRuns, 200, async ({ scope, query, reply }) => {
      const chosen = { higher: list(query.higher ?? ''), lower: list(query.lower ?? '') }
      const input = { project: scope.project, runs: list(query.runs), chosen }
      return finished(
        reply,
        await db.offload({ module: here('compare-runs-thread'), name: 'runComparisonBytes', input, slow: true }),
      )
    })
    mount(plain, getMetricSeries, 200, async ({ scope, query, reply }) =>
      finished(
        reply,
        await reads.series(scope, {
          runs: list(query.runs),
          keys: list(query.keys),
          points: query.points ?? 320,
          fromStep: query.from_step,
          toStep: query.to_step,
        }),
      ),
    )
  })

  mount(app, listRunViews, 200, async ({ scope, query }) => ({
    views: await tracking.listRunViews(scope, query.experiment),
  }))
  mount(app, saveRunView, 200, ({ scope, body }) => tracking.saveRunView(scope, body))
  mount(app, deleteRunView, 204, async ({ scope, params }) => {
    await tracking.deleteRunView(scope, params.view)
    return null
  })

  mount(app, getRun, 200, ({ scope, params }) => tracking.runDetail(scope, params.run))
  mount(app, updateRun, 200, async ({ scope, params, body }) => {
    const { run } = params
    if (body.experiment !== undefined) await tracking.moveRun(scope, run, body.experiment)
    if (body.name !== undefined) await tracking.updateRun(scope, run, { name: body.name })
    const changes = tagChanges(body)
    const set = changes.filter((change): change is { key: string; value: string } => change.value !== null)
    if (set.length > 0) await tracking.logBatch(scope, run, { metrics: [], params: [], tags: set })
    for (const { key, value } of changes) if (value === null) await tracking.deleteRunTag(scope, run, key)
    return tracking.runDetail(scope, run)
  })
  const moveRun = async (scope: Scope, id: string, lifecycle: 'active' | 'deleted') => {
    await tracking.setRunLifecycle(scope, id, lifecycle)
    return tracking.runDetail(scope, id)
  }
  mount(app, deleteRun, 200, ({ scope, params }) => moveRun(scope, params.run, 'deleted'))
  mount(app, restoreRun, 200, ({ scope, params }) => moveRun(scope, params.run, 'active'))

  mount(app, listRunArtifacts, 200, async ({ scope, params, query }) => {
    const path = artifactDirectory(query.path)
    return {
      path,
      entries: await tracking.listArtifacts(scope, { kind: 'run', id: params.run }, path, {
        recursive: query.recursive ?? false,
      }),
    }
  })
  mount(app, addRunArtifact, 200, async ({ scope, params, body }) => {
    const content = await uploads.requireDone(scope, body.upload)
    return tracking.putArtifact(scope, { kind: 'run', id: params.run }, body.path, content)
  })
  mount(app, downloadRunArtifact, 200, async ({ scope, params, query, request, reply }) =>
    sendArtifact(tracking.blobs, request, reply, {
      project: scope.project,
      ...(await tracking.requireArtifact(scope, { kind: 'run', id: params.run }, query.path)),
    }),
  )
  mount(app, listLoggedModelArtifacts, 200, async ({ scope, params, query }) => {
    const path = artifactDirectory(query.path)
    return {
      path,
      entries: await tracking.listArtifacts(scope, { kind: 'logged-model', id: params.loggedModel }, path, {
        recursive: query.recursive ?? false,
      }),
    }
  })
  mount(app, downloadLoggedModelArtifact, 200, async ({ scope, params, query, request, reply }) =>
    sendArtifact(tracking.blobs, request, reply, {
      project: scope.project,
      ...(await tracking.requireArtifact(scope, { kind: 'logged-model', id: params.loggedModel }, query.path)),
    }),
  )
}

/** Bytes that are JSON already: typed as the answer of the route, sent as they are. */
function finished(reply: FastifyReply, bytes: Uint8Array): never {
  void reply.header('content-type', 'application/json; charset=utf-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as never
}
