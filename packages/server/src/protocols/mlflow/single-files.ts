import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Registry, versionUri } from '../../capabilities/registry/index.ts'
import { artifactUri, sendArtifact, type Tracking, trackingErrors } from '../../capabilities/tracking/index.ts'
import type { Traces } from '../../capabilities/traces/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { Args, type Loose } from './args.ts'
import { filesOfVersion } from './artifacts.ts'
import { mlflowErrors } from './errors.ts'
import { throughServer } from './multipart.ts'
import { prefixes, rpc, type RpcCall } from './rpc.ts'
import { readTraceId } from './trace-shapes.ts'

const defaultSeconds = { upload: 900, download: 300 }
const mostSeconds = 7 * 24 * 3600

/** Files asked for one by one: the addresses that MLflow's pages use, and those for transfer in one piece. */
export function singleFileCalls(app: Http, tracking: Tracking, registry: Registry, traces: Traces): void {
  app.get(
    '/get-artifact',
    { config: { access: 'run:read' as const, homeProject: true } },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const args = new Args(request.query as Loose)
      const scope = request.scope as Scope
      const owner = { kind: 'run', id: args.text('run_id') || args.required('run_uuid') } as const
      const file = await tracking.requireArtifact(scope, owner, args.required('path'))
      return sendArtifact(tracking.blobs, request, reply, { project: scope.project, ...file })
    },
  )
  app.get(
    '/model-versions/get-artifact',
    { config: { access: 'model:read' as const, homeProject: true } },
    async (request: FastifyRequest, reply: FastifyReply) => {
      const args = new Args(request.query as Loose)
      const scope = request.scope as Scope
      const root = versionUri(args.required('name'), Number(args.id('version'))).replace(/^mlflow-artifacts:/, '')
      const found = await filesOfVersion(registry, scope, `${root}/${args.required('path')}`)
      const file = found?.files.find((one) => one.path === found.path)
      if (!file) throw trackingErrors.ARTIFACT_NOT_FOUND(args.required('path').slice(0, 200))
      return sendArtifact(tracking.blobs, request, reply, { project: scope.project, ...file })
    },
  )

  for (const prefix of prefixes) {
    app.get(
      `${prefix}/get-trace-artifact`,
      { config: { access: 'run:read' as const, homeProject: true } },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const args = new Args(request.query as Loose)
        const scope = request.scope as Scope
        const trace = readTraceId(args, 'request_id')
        const { row } = await traces.requireTrace(scope, trace)
        const path = args.text('path')
        const of = { experiment: row.experiment_id, trace }
        const file = await traces.files.find(scope, of, path ? `attachments/${path}` : 'traces.json')
        return sendArtifact(tracking.blobs, request, reply, { project: scope.project, ...file })
      },
    )
  }

  /** The caller's own credentials open the address, so that nothing new does; it is good for as long as they are. */
  const through = ({ request, reply, args }: RpcCall, what: keyof typeof defaultSeconds, uri: string, path: string) => {
    const seconds = args.integer('expiration') ?? defaultSeconds[what]
    if (seconds < 1 || seconds > mostSeconds)
      throw mlflowErrors.INVALID(`expiration must be between 1 and ${mostSeconds} seconds (got ${seconds}).`)
    const place = throughServer(request)
    if (!place)
      throw mlflowErrors.INVALID('Send a token: the address is opened by the credentials that the call came with.')
    void reply.header('cache-control', 'no-store')
    const root = uri.replace(/^mlflow-artifacts:\/+/, '')
    const name = path.split('/').map(encodeURIComponent).join('/')
    const url = `${place.origin}/api/2.0/mlflow-artifacts/artifacts/${root}/${name}`
    return { presigned_url: url, headers: place.headers, seconds }
  }
  rpc(app, 'POST', 'artifacts/presigned-upload-url', 'run:write', async (call) => {
    const { args, scope } = call
    const [run, model] = [args.text('run_id') ?? '', args.text('model_id') ?? '']
    if ((run === '') === (model === ''))
      throw mlflowErrors.INVALID('Exactly one of run_id and model_id must be provided.')
    const owner = run === '' ? ({ kind: 'logged-model', id: model } as const) : ({ kind: 'run', id: run } as const)
    const { experiment_id: experiment } =
      owner.kind === 'run' ? await tracking.requireRun(scope, run) : await tracking.requireLoggedModel(scope, model)
    const path = safePath(args)
    const { presigned_url, headers } = through(call, 'upload', artifactUri(experiment, owner), path)
    return { presigned_url, headers }
  })
  rpc(
    app,
    'POST',
    'artifacts/presigned-download-url',
    'run:read',
    async (call) => {
      const { args, scope } = call
      const owner = { kind: 'run', id: args.required('run_id') } as const
      const { experiment_id: experiment } = await tracking.requireRun(scope, owner.id)
      const path = safePath(args)
      const { digest, size } = await tracking.requireArtifact(scope, owner, path)
      const { seconds, ...own } = through(call, 'download', artifactUri(experiment, owner), path)
      const link = await tracking.blobs.link(scope.project, digest, { seconds })
      return { ...(link ? { presigned_url: link.url, headers: link.headers } : own), file_size: size }
    },
    { sensitive: 'export' },
  )
}

function safePath(args: Args): string {
  const path = args.required('path')
  if (path.startsWith('/') || path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw mlflowErrors.INVALID(`Invalid path: '${path.slice(0, 200)}'. It must be relative and name a file.`)
  return path
}
