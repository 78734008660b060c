import { type Static, Type } from 'typebox'
import { JsonObject, Problem, ProjectName } from './common.ts'
import { ModelName, ModelVersionNumber } from './registry.ts'
import { route } from './route.ts'

const VersionParams = Type.Object({ project: ProjectName, model: ModelName, version: ModelVersionNumber })
const url = '/api/v1/projects/:project/models/:model/versions/:version'

/** The OpenSSF signature of a version: a sigstore bundle with an in-toto statement over the names and SHA-256 of its files. */
export const ModelVersionSignature = Type.Object({
  /** The bundle as it was stored: JSON of type application/vnd.dev.sigstore.bundle.v0.3+json. */
  bundle: Type.String(),
  /** SHA-256 of the public key in PEM. */
  keyId: Type.String(),
  signedAt: Type.Integer(),
  /** Keys that this instance signs or signed models with, the one in use first. Who trusts nobody keeps a copy of his own. */
  publicKeys: Type.Array(Type.Object({ keyId: Type.String(), pem: Type.String() })),
})
export type ModelVersionSignature = Static<typeof ModelVersionSignature>

/** What a verification found. `intact` without problems. */
export const ModelSignatureReport = Type.Object({
  intact: Type.Boolean(),
  files: Type.Integer(),
  /** The key whose signature holds; null where none does. */
  keyId: Type.Union([Type.String(), Type.Null()]),
  signedAt: Type.Union([Type.Integer(), Type.Null()]),
  problems: Type.Array(
    Type.Object({
      /** The file that it is about; null where it is about the signature or the whole list. */
      path: Type.Union([Type.String(), Type.Null()]),
      kind: Type.Union([
        Type.Literal('signature'),
        Type.Literal('list'),
        Type.Literal('changed'),
        Type.Literal('missing'),
        Type.Literal('added'),
      ]),
      detail: Type.String(),
    }),
  ),
})
export type ModelSignatureReport = Static<typeof ModelSignatureReport>

export const getModelProvenance = route({
  method: 'GET',
  url: `${url}/provenance`,
  permission: 'model:read',
  alsoNeeds: ['lineage:read'],
  load: 'heavy',
  schema: {
    operationId: 'getModelProvenance',
    summary: 'Exports the lineage of a version as W3C PROV-JSON: what it was made from, by which runs, and who did it.',
    params: VersionParams,
    response: { 200: JsonObject, 403: Problem, 404: Problem },
  },
})

export const getModelBill = route({
  method: 'GET',
  url: `${url}/bom`,
  permission: 'model:read',
  schema: {
    operationId: 'getModelBill',
    summary:
      'Exports the bill of materials of a version as CycloneDX 1.6: model card, files, training data and packages of the environment.',
    params: VersionParams,
    response: { 200: JsonObject, 403: Problem, 404: Problem },
  },
})

export const getModelSignature = route({
  method: 'GET',
  url: `${url}/signature`,
  permission: 'model:read',
  schema: {
    operationId: 'getModelSignature',
    summary: 'Reads the OpenSSF model signature of a version and the public keys to check it with.',
    params: VersionParams,
    response: { 200: ModelVersionSignature, 403: Problem, 404: Problem },
  },
})

export const signModelVersion = route({
  method: 'POST',
  url: `${url}/signature`,
  permission: 'model:write',
  schema: {
    operationId: 'signModelVersion',
    summary:
      'Signs a version that has no signature, such as one that an older server registered; else changes nothing.',
    params: VersionParams,
    response: { 200: ModelVersionSignature, 403: Problem, 404: Problem },
  },
})

export const verifyModelVersion = route({
  method: 'POST',
  url: `${url}/verify`,
  permission: 'model:read',
  load: 'heavy',
  schema: {
    operationId: 'verifyModelVersion',
    summary:
      'Checks the signature of a version, its list of files and every file as it is stored, and names what differs.',
    params: VersionParams,
    response: { 200: ModelSignatureReport, 403: Problem, 404: Problem },
  },
})
