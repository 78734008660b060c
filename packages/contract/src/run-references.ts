import { type Static, Type } from 'typebox'
import { Problem, ProjectName } from './common.ts'
import { route } from './route.ts'
import { RunId } from './tracking.ts'

/** Where a run keeps what it says of artifacts that lie elsewhere: one file of JSON a reference, named after it. Any client that logs files can write one. */
export const referenceFolder = 'trivium/references'

/** An artifact that a run made or used and that lies elsewhere: where, and what its bytes must be. */
export const RunReference = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$',
      description: 'Letters, digits, dots, dashes: weights.safetensors.',
    }),
    /** As other tools write it: s3://bucket/key, https://…, file:///…. It must hold no password. */
    uri: Type.String({
      pattern: '^[A-Za-z][A-Za-z0-9+.-]*:(?![^/]*//[^/]*:[^/]*@)[^\\u0000-\\u0020\\u007f]+$',
      maxLength: 2000,
      description: 'An address without a password in it.',
    }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    size: Type.Integer({ minimum: 0, description: 'Bytes.' }),
  },
  { additionalProperties: false },
)
export type RunReference = Static<typeof RunReference>

const params = Type.Object({ project: ProjectName, run: RunId })
const url = '/api/v1/projects/:project/runs/:run/references'

export const addRunReference = route({
  method: 'POST',
  url,
  permission: 'run:write',
  schema: {
    operationId: 'addRunReference',
    summary:
      'Notes on a run an artifact that lies elsewhere, with its SHA-256 and size. The content is not read; the same again changes nothing, another content under a name that is taken is 409.',
    params,
    body: RunReference,
    response: { 201: RunReference, 400: Problem, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const listRunReferences = route({
  method: 'GET',
  url,
  permission: 'run:read',
  schema: {
    operationId: 'listRunReferences',
    summary:
      'Lists the artifacts of a run that lie elsewhere, by name: the newest 500 files, as whoever logged them wrote them.',
    params,
    response: {
      200: Type.Object({
        references: Type.Array(Type.Object({ ...RunReference.properties, addedAt: Type.Integer() })),
        /** Files in the folder of references that are none, in words. */
        problems: Type.Array(Type.String()),
      }),
      403: Problem,
      404: Problem,
    },
  },
})
