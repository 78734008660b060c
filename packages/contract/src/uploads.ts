import { Type, type Static } from 'typebox'
import { Digest, Millis, Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'
import { ContentLink } from './storage.ts'

/** A part of an upload that has arrived. */
export const UploadPart = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  size: Type.Integer(),
  etag: Type.String(),
})
export type UploadPart = Static<typeof UploadPart>

/** A large content on its way, in parts that are sent in any order and any number at a time; what has arrived stays when the client is killed. */
export const Upload = Type.Object({
  id: Type.String(),
  state: Type.Union([Type.Literal('open'), Type.Literal('finishing'), Type.Literal('done')], {
    description: '`done`: the content was verified, and another call may refer to it by the id of the upload.',
  }),
  digest: Type.Union([Digest, Type.Null()]),
  size: Type.Union([Type.Integer(), Type.Null()]),
  partSize: Type.Union([Type.Integer(), Type.Null()], { description: 'Bytes of each part but the last.' }),
  partCount: Type.Integer(),
  parts: Type.Array(UploadPart, { description: 'What has arrived; empty when the upload is done.' }),
  direct: Type.Boolean({ description: 'Parts may be sent to the object store itself, by links.' }),
  createdAt: Millis,
  expiresAt: Millis,
})
export type Upload = Static<typeof Upload>

const UploadId = Type.String({ pattern: '^upl_[0-9a-zA-Z]+$', maxLength: 80 })
const UploadParams = Type.Object({ project: ProjectName, upload: UploadId })
const PartParams = Type.Object({
  project: ProjectName,
  upload: UploadId,
  part: Type.Integer({ minimum: 1, maximum: 10_000 }),
})

export const createUpload = route({
  method: 'POST',
  url: '/api/v1/projects/:project/uploads',
  permission: 'run:write',
  schema: {
    operationId: 'createUpload',
    summary:
      'Begins an upload in parts, or returns the one that the caller began for the same content, so that a client that was killed goes on where it stopped.',
    params: ProjectParams,
    body: Type.Object(
      { digest: Digest, size: Type.Integer({ minimum: 1, maximum: 2 ** 42 }) },
      { additionalProperties: false },
    ),
    response: { 200: Upload, 403: Problem, 404: Problem, 409: Problem, 507: Problem },
  },
})

export const listUploads = route({
  method: 'GET',
  url: '/api/v1/projects/:project/uploads',
  permission: 'run:write',
  schema: {
    operationId: 'listUploads',
    summary: 'Lists the uploads in parts of the caller that are not forgotten yet.',
    params: ProjectParams,
    response: { 200: Type.Object({ uploads: Type.Array(Upload) }), 403: Problem, 404: Problem },
  },
})

export const getUpload = route({
  method: 'GET',
  url: '/api/v1/projects/:project/uploads/:upload',
  permission: 'run:write',
  schema: {
    operationId: 'getUpload',
    summary: 'An upload with the parts that have arrived.',
    params: UploadParams,
    response: { 200: Upload, 403: Problem, 404: Problem },
  },
})

export const putUploadPart = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/uploads/:upload/parts/:part',
  permission: 'run:write',
  requestBody: 'raw',
  bodyLimit: 2 ** 30,
  schema: {
    operationId: 'putUploadPart',
    summary:
      'Sends a part through the server; the same number again replaces it. Refused when the bytes have another digest.',
    params: PartParams,
    query: Type.Object({ digest: Type.Optional(Digest) }),
    response: { 200: UploadPart, 400: Problem, 403: Problem, 404: Problem, 409: Problem, 507: Problem },
  },
})

export const linkUploadPart = route({
  method: 'POST',
  url: '/api/v1/projects/:project/uploads/:upload/parts/:part/link',
  permission: 'run:write',
  schema: {
    operationId: 'linkUploadPart',
    summary: 'A signed link by which a part is written to the object store itself, which checks its digest.',
    params: PartParams,
    body: Type.Object({ digest: Digest }, { additionalProperties: false }),
    response: { 200: ContentLink, 403: Problem, 404: Problem, 409: Problem, 507: Problem },
  },
})

export const completeUpload = route({
  method: 'POST',
  url: '/api/v1/projects/:project/uploads/:upload/complete',
  permission: 'run:write',
  schema: {
    operationId: 'completeUpload',
    summary:
      'Joins the parts, reads the whole and compares it with its digest. Nothing refers to the content before that.',
    params: UploadParams,
    body: Type.Object({}, { additionalProperties: false }),
    response: { 200: Upload, 400: Problem, 403: Problem, 404: Problem, 409: Problem, 503: Problem, 507: Problem },
  },
})

export const abortUpload = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/uploads/:upload',
  permission: 'run:write',
  schema: {
    operationId: 'abortUpload',
    summary: 'Ends an upload and removes its parts.',
    params: UploadParams,
    response: { 204: Type.Null(), 403: Problem, 404: Problem },
  },
})
