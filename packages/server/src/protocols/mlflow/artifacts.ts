import { PassThrough, Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseVersionPath, type Registry, type VersionFiles } from '../../capabilities/registry/index.ts'
import {
  artifactDirectory,
  artifactUri,
  entriesIn,
  parseProxyPath,
  sendArtifact,
  type Tracking,
  trackingErrors,
} from '../../capabilities/tracking/index.ts'
import type { TraceFileOwner, Traces } from '../../capabilities/traces/index.ts'
import type { Uploads } from '../../capabilities/storage/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import { authorize, type Scope } from '../../kernel/principal/index.ts'
import { Args, type Loose } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { multipartCalls, putPart, throughServer } from './multipart.ts'
import { rpc } from './rpc.ts'
import { fileShape, unlessEmpty } from './shapes.ts'

const linkSeconds = 900
const prefixes = ['/api/2.0/mlflow-artifacts', '/ajax-api/2.0/mlflow-artifacts']

/** The artifact proxy, and artifacts/list. Bytes are streamed both ways. */
export function artifactCalls(
  app: Http,
  tracking: Tracking,
  registry: Registry,
  uploads: Uploads,
  traces: Traces['files'],
): void {
  /** The file of a run, a logged model or a model version at a path of the proxy. */
  const fileAt = async (scope: Scope, path: string): Promise<{ path: string; digest: string; size: number }> => {
    const version = await filesOfVersion(registry, scope, path)
    if (!version) {
      const trace = parseTracePath(path)
      if (trace) return traces.find(scope, trace, trace.path)
      const at = parseProxyPath(path)
      return tracking.requireArtifact(scope, at.owner, at.path, at.experiment)
    }
    const file = version.files.find((one) => one.path === version.path)
    if (!file) throw trackingErrors.ARTIFACT_NOT_FOUND(version.path)
    return file
  }

  rpc(app, 'GET', 'artifacts/list', 'run:read', async ({ args, scope }) => {
    const id = args.text('run_id') || args.required('run_uuid')
    const run = await tracking.requireRun(scope, id)
    if (args.text('path')?.startsWith('/'))
      throw trackingErrors.BAD_ARTIFACT_PATH(args.text('path')?.slice(0, 200) ?? '')
    const files = await tracking.listArtifacts(scope, { kind: 'run', id }, artifactDirectory(args.text('path')))
    return {
      root_uri: artifactUri(run.experiment_id, { kind: 'run', id }),
      ...unlessEmpty(
        'files',
        files.map((file) => fileShape(file, true)),
      ),
    }
  })

  for (const prefix of prefixes) {
    const read = { access: 'run:read' as const, homeProject: true }
    const write = { access: 'run:write' as const, homeProject: true }

    app.get(`${prefix}/artifacts`, { config: read }, async (request: FastifyRequest) => {
      const path = new Args(request.query as Loose).text('path')
      // The root of the store: MLflow's client lists it only to see whether the proxy answers.
      if (!path) return { files: [] }
      const version = await filesOfVersion(registry, request.scope as Scope, path)
      if (version) return { files: entriesIn(version.files, version.path, false).map((file) => fileShape(file, false)) }
      const trace = parseTracePath(path)
      if (trace) {
        const found = await traces.list(request.scope as Scope, trace, trace.path)
        return { files: found.map((file) => fileShape(file, false)) }
      }
      const at = parseProxyPath(path)
      const files = await tracking.listArtifacts(request.scope as Scope, at.owner, at.path, {
        experiment: at.experiment,
      })
      return { files: files.map((file) => fileShape(file, false)) }
    })
    app.get(`${prefix}/artifacts/*`, { config: read }, async (request: FastifyRequest, reply: FastifyReply) => {
      const scope = request.scope as Scope
      const file = await fileAt(scope, pathIn(request))
      return sendArtifact(tracking.blobs, request, reply, { project: scope.project, ...file })
    })
    app.delete(`${prefix}/artifacts/*`, { config: write }, async (request: FastifyRequest) => {
      const scope = request.scope as Scope
      const trace = parseTracePath(pathIn(request))
      if (trace) {
        await traces.remove(scope, trace, trace.path)
        return {}
      }
      const at = parseProxyPath(pathIn(request))
      await tracking.listArtifacts(scope, at.owner, at.path, { experiment: at.experiment })
      await tracking.deleteArtifacts(scope, at.owner, at.path)
      return {}
    })
    multipartCalls(app, prefix, tracking, uploads)
    app.get(
      `${prefix}/presigned/*`,
      { config: { ...read, sensitive: 'export' as const } },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const scope = request.scope as Scope
        const { digest, size } = await fileAt(scope, pathIn(request))
        const link = await tracking.blobs.link(scope.project, digest, { seconds: linkSeconds })
        const through = throughServer(request)
        if (!link && !through) throw mlflowErrors.NOT_IMPLEMENTED('Presigned downloads are not supported here.')
        void reply.header('cache-control', 'no-store')
        if (link) return { url: link.url, headers: link.headers, file_size: size }
        const url = `${through?.origin}${request.url.replace('/mlflow-artifacts/presigned/', '/mlflow-artifacts/artifacts/')}`
        return { url, headers: through?.headers, file_size: size }
      },
    )
    void app.register(async (streaming: Http) => {
      streaming.removeAllContentTypeParsers()
      streaming.addContentTypeParser(
        '*',
        (_request: FastifyRequest, payload: Readable, done: (error: null, body: Readable) => void) =>
          done(null, payload),
      )
      const upload = { ...write, load: 'upload' as const, stores: true }
      streaming.put(`${prefix}/artifacts/*`, { config: upload }, async (request: FastifyRequest) => {
        const scope = request.scope as Scope
        const trace = parseTracePath(pathIn(request))
        if (trace) {
          await traces.put(scope, trace, trace.path, bodyThatSurvives(request))
          return {}
        }
        const at = parseProxyPath(pathIn(request))
        await tracking.listArtifacts(scope, at.owner, '', { experiment: at.experiment })
        await tracking.putArtifact(scope, at.owner, at.path, bodyThatSurvives(request))
        return {}
      })
      streaming.put(
        `${prefix}/mpu/part/:upload/:part`,
        { config: upload },
        async (request: FastifyRequest, reply: FastifyReply) =>
          putPart(uploads, request, reply, bodyThatSurvives(request)),
      )
    })
  }
}

/**
 * The body as a stream of its own: when storing fails, the connection lives on, the rest of the upload is dropped and the client reads why. An upload
 * that is cut off ends in an error, so that half a file is never taken for a whole one.
 */
function bodyThatSurvives(request: FastifyRequest): Readable {
  const { raw } = request
  // What the server makes of the connection's bytes before a route has them: it counts them where their number was not told.
  // An empty file has no body: clients send neither bytes nor a type.
  const source = (request.body as Readable | undefined) ?? Readable.from([])
  const body = new PassThrough()
  source.pipe(body)
  source.once('error', (error) => body.destroy(error))
  // Who stores it hears of its error, even when it came before.
  body.on('error', () => {})
  raw.once('close', () => {
    if (!raw.complete) body.destroy(mlflowErrors.INVALID('The upload was cut off; nothing was stored.'))
  })
  body.once('close', () => {
    source.unpipe(body)
    source.resume()
  })
  return body
}

/** `EXPERIMENT/traces/TRACE/artifacts/PATH`; undefined for any other path. */
export function parseTracePath(path: string): (TraceFileOwner & { path: string }) | undefined {
  const [, experiment = '', trace = '', rest = ''] =
    /^\/?([\w-]{1,64})\/traces\/([a-zA-Z0-9][\w.:-]{0,255})\/artifacts(?:\/(.*))?$/s.exec(path) ?? []
  return experiment === '' ? undefined : { experiment, trace, path: artifactDirectory(rest) }
}

/** The path behind the prefix, decoded once. */
function pathIn(request: FastifyRequest): string {
  return (request.params as { '*': string })['*']
}

/** The files of a model version, where the path is one of a version: fixed since it was registered. */
export async function filesOfVersion(
  registry: Registry,
  scope: Scope,
  path: string,
): Promise<{ path: string; files: { path: string; digest: string; size: number }[] } | undefined> {
  const at = parseVersionPath(path)
  if (!at) return undefined
  const row = await registry.versionRow(authorize(scope.principal, scope.project, 'model:read'), at.model, at.version)
  const files = Object.entries(JSON.parse(row.files) as VersionFiles)
  return { path: artifactDirectory(at.path), files: files.map(([name, file]) => ({ path: name, ...file })) }
}
