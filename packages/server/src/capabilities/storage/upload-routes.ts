import {
  abortUpload,
  completeUpload,
  createUpload,
  getUpload,
  linkUploadPart,
  listUploads,
  putUploadPart,
} from '@trivium/contract'
import type { FastifyRequest } from 'fastify'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Uploads } from './uploads.ts'

/** Uploads in parts. */
export function uploadRoutes(app: Http, uploads: Uploads): void {
  mount(app, createUpload, 200, ({ scope, body }) => uploads.create(scope, body))
  mount(app, listUploads, 200, async ({ scope }) => ({ uploads: await uploads.list(scope) }))
  mount(app, getUpload, 200, ({ scope, params }) => uploads.get(scope, params.upload))
  mount(app, putUploadPart, 200, ({ scope, params, query, body, request }) =>
    uploads.put(
      scope,
      params.upload,
      { number: params.part, ...lengthOf(request), ...(query.digest === undefined ? {} : { digest: query.digest }) },
      body,
    ),
  )
  mount(app, linkUploadPart, 200, ({ scope, params, body }) =>
    uploads.link(scope, params.upload, { number: params.part, digest: body.digest }),
  )
  mount(app, completeUpload, 200, ({ scope, params }) => uploads.complete(scope, params.upload))
  mount(app, abortUpload, 204, async ({ scope, params }) => {
    await uploads.abort(scope, params.upload)
    return null
  })
}

/** How long the body is, where the client says so. */
function lengthOf({ headers }: Pick<FastifyRequest, 'headers'>): { size?: number } {
  const size = Number(headers['content-length'] ?? Number.NaN)
  return Number.isSafeInteger(size) && size >= 0 ? { size } : {}
}
