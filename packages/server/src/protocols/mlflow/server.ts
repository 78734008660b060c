import type { FastifyReply } from 'fastify'
import type { Http } from '../../kernel/http/index.ts'
import { mlflowErrors } from './errors.ts'
import { prefixes, rpc } from './rpc.ts'

/** The MLflow release whose API this is; clients read it before they use what came later. */
export const mlflowVersion = '3.17.2'

const accounts =
  'People and what they may do are kept for each project, with roles, not with passwords for single experiments: see Settings, People.'

const absent: readonly (readonly ['GET' | 'POST' | 'PATCH' | 'DELETE', string, string])[] = [
  ['POST', 'traces/metrics', 'Metrics of traces cannot be computed.'],
  ['POST', 'datasets/create', 'Evaluation datasets of MLflow cannot be stored.'],
  ['POST', 'datasets/search', 'Evaluation datasets of MLflow cannot be searched.'],
  ['POST', 'artifacts/presigned-upload-url', 'Presigned URLs cannot be made.'],
  ['POST', 'artifacts/presigned-download-url', 'Presigned URLs cannot be made.'],
  ['POST', 'scorers/register', 'Scorers cannot be stored.'],
  ['GET', 'scorers/list', 'Scorers cannot be stored.'],
  ['GET', 'scorers/versions', 'Scorers cannot be stored.'],
  ['GET', 'scorers/get', 'Scorers cannot be stored.'],
  ['DELETE', 'scorers/delete', 'Scorers cannot be stored.'],
  ['POST', 'users/create', accounts],
  ['GET', 'users/get', accounts],
  ['PATCH', 'users/update-password', accounts],
  ['PATCH', 'users/update-admin', accounts],
  ['DELETE', 'users/delete', accounts],
  ...(['experiments', 'registered-models'] as const).flatMap(
    (noun) =>
      [
        ['POST', `${noun}/permissions/create`, accounts],
        ['GET', `${noun}/permissions/get`, accounts],
        ['PATCH', `${noun}/permissions/update`, accounts],
        ['DELETE', `${noun}/permissions/delete`, accounts],
      ] as const,
  ),
]

/** What a client asks about the server, and clear answers to what is not there: 501, which no client repeats. */
export function serverCalls(
  app: Http,
  { direct }: { /** Clients are sent to the object store itself. */ direct: boolean },
): void {
  app.get('/version', { config: { access: 'public' } }, async (_request: unknown, reply: FastifyReply) =>
    reply.type('text/plain').send(mlflowVersion),
  )
  const info = {
    store_type: 'SqlStore',
    workspaces_enabled: false,
    trace_archival_enabled: false,
    multipart_uploads_enabled: direct,
    multipart_downloads_enabled: direct,
    presigned_upload_run_id_supported: false,
    presigned_upload_model_id_supported: false,
    features_enabled: { gateway: false },
  }
  for (const prefix of prefixes.filter((p) => p.includes('3.0'))) {
    app.route({
      method: ['GET', 'POST'],
      url: `${prefix}/server-info`,
      config: { access: 'authenticated' },
      handler: async () => info,
    } as never)
  }
  for (const [method, path, what] of absent) {
    rpc(app, method, path, 'run:read', async () => {
      throw mlflowErrors.NOT_IMPLEMENTED(what)
    })
  }
}
