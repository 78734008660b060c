import type { AddressInfo } from 'node:net'
import {
  cancelPipelineRun,
  downloadStepOutput,
  getPipeline,
  getPipelineRun,
  listMissingBlobs,
  listPipelineQueue,
  listPipelineRuns,
  listPipelines,
  listPipelineTriggers,
  listPipelineVersions,
  putBlob,
  readStepLog,
  repeatPipelineRun,
  savePipeline,
  setPipelineRunPriority,
  startPipelineRun,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import { requirePermission } from '../../kernel/principal/index.ts'
import type { BlobStore } from '../../kernel/ports/index.ts'
import { isManifest } from './cache/look-up.ts'
import { pipelineErrors } from './errors.ts'
import type { Pipelines } from './pipelines.ts'

const defaultPage = 50

/** The routes of pipelines, and the upload of content by digest that definitions need. */
export function pipelineRoutes(app: Http, pipelines: Pipelines, { blobs }: { blobs: BlobStore }): void {
  app.addHook('onListen', async () => {
    const address = app.server.address() as AddressInfo | string | null
    if (typeof address === 'object' && address) pipelines.listening(`${reachable(address)}:${address.port}`)
  })
  app.addHook('onClose', () => pipelines.close())

  mount(app, listPipelines, 200, async ({ scope }) => ({ pipelines: await pipelines.list(scope) }))
  mount(app, savePipeline, 200, ({ scope, params, body }) =>
    pipelines.save(scope, {
      pipeline: params.pipeline,
      yaml: body.yaml,
      files: body.files,
      ...(body.path === undefined ? {} : { path: body.path }),
    }),
  )
  mount(app, getPipeline, 200, ({ scope, params, query }) => pipelines.get(scope, params.pipeline, query.version))
  mount(app, listPipelineVersions, 200, async ({ scope, params }) => ({
    versions: await pipelines.versions(scope, params.pipeline),
  }))
  mount(app, listPipelineTriggers, 200, ({ scope, params, query }) =>
    pipelines.triggers(scope, params.pipeline, pageOf(query)),
  )
  mount(app, startPipelineRun, 201, ({ scope, params, body }) =>
    pipelines.start(scope, { pipeline: params.pipeline, ...body }),
  )
  mount(app, listPipelineRuns, 200, ({ scope, query }) =>
    pipelines.runs(scope, {
      ...pageOf(query),
      ...(query.pipeline === undefined ? {} : { pipeline: query.pipeline }),
      ...(query.state === undefined ? {} : { state: query.state }),
    }),
  )
  mount(app, getPipelineRun, 200, ({ scope, params }) => pipelines.run(scope, params.run))
  mount(app, listPipelineQueue, 200, ({ scope }) => pipelines.queue(scope))
  mount(app, setPipelineRunPriority, 200, ({ scope, params, body }) =>
    pipelines.setPriority(scope, params.run, body.priority),
  )
  mount(app, repeatPipelineRun, 201, ({ scope, params, body }) => pipelines.repeat(scope, params.run, body))
  mount(app, cancelPipelineRun, 200, ({ scope, params }) => pipelines.cancel(scope, params.run))
  mount(app, readStepLog, 200, ({ scope, params, query }) =>
    pipelines.log(scope, {
      run: params.run,
      step: params.step,
      offset: query.offset ?? 0,
      limit: query.limit ?? 262_144,
      ...(query.attempt === undefined ? {} : { attempt: query.attempt }),
    }),
  )
  mount(app, downloadStepOutput, 200, async ({ scope, params, query, reply }) => {
    // What is in a file nobody looks at: where there are personal columns it may hold them.
    if (await pipelines.mayHoldPersonal(scope)) requirePermission(scope, 'data:read-personal')
    const artifact = await pipelines.output(scope, params)
    const name = query.path?.split('/').at(-1) ?? params.output
    reply
      .header('content-security-policy', 'sandbox')
      .header('content-disposition', `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`)
    if (artifact.kind === 'value' || artifact.kind === 'evidence')
      return reply.type('application/json').send(JSON.stringify(artifact.value))
    const digest = isManifest(artifact.value)
      ? query.path === undefined
        ? undefined
        : artifact.value[query.path]?.digest
      : artifact.urn === null
        ? artifact.digest
        : undefined
    if (digest === undefined)
      throw pipelineErrors.OUTPUT_NOT_FOUND(
        params.step,
        query.path === undefined ? params.output : `${params.output}/${query.path}`,
      )
    const { stream, size } = await blobs.open(scope.project, digest)
    return reply.type('application/octet-stream').header('content-length', size).send(stream)
  })
  mount(app, listMissingBlobs, 200, async ({ scope, body }) => {
    const digests = [...new Set(body.digests)]
    const present = await Promise.all(digests.map((digest) => blobs.has(scope.project, digest)))
    return { missing: digests.filter((_, index) => !present[index]) }
  })
  mount(app, putBlob, 200, ({ scope, params, body }) => blobs.put(scope.project, body, { expected: params.digest }))
}

function pageOf(query: { limit?: number; page_token?: string }): { limit: number; pageToken?: string } {
  return {
    limit: query.limit ?? defaultPage,
    ...(query.page_token === undefined ? {} : { pageToken: query.page_token }),
  }
}

/** An address that a process on this machine can call. */
function reachable({ address, family }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1'
  return family === 'IPv6' ? `[${address}]` : address
}
