import type { FastifyReply } from 'fastify'
import type { Http } from '../../kernel/http/index.ts'
import { prefixes } from './rpc.ts'

/** The MLflow release whose API this is; clients read it before they use what came later. */
export const mlflowVersion = '3.17.2'

/** What a client asks about the server. */
export function serverCalls(
  app: Http,
  { direct }: { /** Clients are sent to the object store itself. */ direct: boolean },
): void {
  app.get('/version', { config: { access: 'public' } }, async (_request: unknown, reply: FastifyReply) =>
    reply.type('text/plain').send(mlflowVersion),
  )
  const info = {
    store_type: 'SqlStore',
    workspaces_enabled: true,
    trace_archival_enabled: false,
    multipart_uploads_enabled: direct,
    multipart_downloads_enabled: direct,
    presigned_upload_run_id_supported: true,
    presigned_upload_model_id_supported: true,
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
}
