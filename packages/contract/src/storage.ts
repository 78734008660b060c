import { Type, type Static } from 'typebox'
import { Digest, EntityRef, Millis, Problem, ProjectName } from './common.ts'
import { route } from './route.ts'

/** One look at the whole object store: what nothing refers to is set aside, and what was set aside long enough is removed. */
export const StorageCollection = Type.Object({
  id: Type.String(),
  state: Type.Union([
    Type.Literal('queued'),
    Type.Literal('running'),
    Type.Literal('finished'),
    Type.Literal('failed'),
  ]),
  dryRun: Type.Boolean({ description: 'Nothing was changed: the numbers say what would be.' }),
  by: Type.String(),
  startedAt: Millis,
  finishedAt: Type.Union([Millis, Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
  /** Everything in place. */
  contents: Type.Integer(),
  bytes: Type.Integer(),
  /** In place, of no owner, but younger than the grace. */
  young: Type.Integer(),
  youngBytes: Type.Integer(),
  setAside: Type.Integer(),
  setAsideBytes: Type.Integer(),
  /** Was set aside and has an owner again. */
  broughtBack: Type.Integer(),
  broughtBackBytes: Type.Integer(),
  /** Is set aside and waits for its end. */
  waiting: Type.Integer(),
  waitingBytes: Type.Integer(),
  removed: Type.Integer(),
  removedBytes: Type.Integer(),
  /** Uploads that never ended. */
  unfinished: Type.Integer(),
})
export type StorageCollection = Static<typeof StorageCollection>

/** What one kind of thing of a project holds. Content that two kinds hold counts for both. */
export const StorageUse = Type.Object({
  project: Type.String(),
  kind: Type.String(),
  owners: Type.Integer(),
  contents: Type.Integer(),
  bytes: Type.Integer(),
})
export type StorageUse = Static<typeof StorageUse>

/** Stored content whose bytes are not what its name says. It is never served. */
export const StorageDamage = Type.Object({
  project: Type.String(),
  digest: Digest,
  why: Type.String(),
  firstAt: Millis,
  lastAt: Millis,
  times: Type.Integer(),
  owners: Type.Array(EntityRef),
})
export type StorageDamage = Static<typeof StorageDamage>

/** A look at all content, compared with its digest: asked for by somebody, or a little at a time by schedule. */
export const StorageScrub = Type.Object({
  id: Type.String(),
  state: Type.Union([
    Type.Literal('queued'),
    Type.Literal('running'),
    Type.Literal('finished'),
    Type.Literal('failed'),
  ]),
  by: Type.String(),
  startedAt: Millis,
  finishedAt: Type.Union([Millis, Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
  part: Type.Number({ description: 'How much of a scheduled round is done, 0 to 1.' }),
  contents: Type.Integer(),
  bytes: Type.Integer(),
  damaged: Type.Integer({ description: 'Found damaged; they are listed in `damages`.' }),
})
export type StorageScrub = Static<typeof StorageScrub>

export const StorageOverview = Type.Object({
  place: Type.String({ description: 'The directory, or s3://bucket/prefix.' }),
  graceHours: Type.Integer(),
  everyHours: Type.Integer({ description: '0: only when somebody says so.' }),
  use: Type.Array(StorageUse),
  totals: Type.Array(Type.Object({ project: Type.String(), contents: Type.Integer(), bytes: Type.Integer() }), {
    description: 'Each content once.',
  }),
  collections: Type.Array(StorageCollection, { description: 'Newest first.' }),
  damages: Type.Array(StorageDamage),
  scrubDays: Type.Integer({ description: 'Days in which everything is checked once; 0: only when somebody says so.' }),
  scrubs: Type.Array(StorageScrub, { description: 'Newest first.' }),
})
export type StorageOverview = Static<typeof StorageOverview>

/** Who holds a content: while one of them does, it stays. */
export const ContentOwners = Type.Object({
  digest: Digest,
  stored: Type.Boolean(),
  size: Type.Union([Type.Integer(), Type.Null()]),
  owners: Type.Array(Type.Object({ ...EntityRef.properties, since: Millis })),
})
export type ContentOwners = Static<typeof ContentOwners>

/** A request that goes to the object store itself. */
export const ContentLink = Type.Object({
  method: Type.Union([Type.Literal('GET'), Type.Literal('PUT')]),
  url: Type.String(),
  headers: Type.Record(Type.String(), Type.String(), { description: 'To be sent exactly so.' }),
  expiresAt: Millis,
})
export type ContentLink = Static<typeof ContentLink>

const BlobParams = Type.Object({ project: ProjectName, digest: Digest })
const collectionParams = Type.Object({ collection: Type.String({ pattern: '^col_[0-9a-zA-Z]+$' }) })

export const getStorage = route({
  method: 'GET',
  url: '/api/v1/storage',
  permission: 'instance:admin',
  load: 'heavy',
  schema: {
    operationId: 'getStorage',
    summary: 'What uses space in the object store, the last collections, and what is damaged.',
    response: { 200: StorageOverview, 403: Problem },
  },
})

export const collectStorage = route({
  method: 'POST',
  url: '/api/v1/storage/collections',
  permission: 'instance:admin',
  schema: {
    operationId: 'collectStorage',
    summary: 'Begins a collection of content that nothing refers to; a dry run only counts.',
    body: Type.Object({ dryRun: Type.Boolean() }, { additionalProperties: false }),
    response: { 202: StorageCollection, 403: Problem, 409: Problem },
  },
})

export const scrubStorage = route({
  method: 'POST',
  url: '/api/v1/storage/scrubs',
  permission: 'instance:admin',
  schema: {
    operationId: 'scrubStorage',
    summary:
      'Begins to read all content and to compare it with its digest; what is damaged is listed with the storage.',
    response: { 202: StorageScrub, 403: Problem, 409: Problem },
  },
})

export const getStorageCollection = route({
  method: 'GET',
  url: '/api/v1/storage/collections/:collection',
  permission: 'instance:admin',
  schema: {
    operationId: 'getStorageCollection',
    summary: 'How far a collection is.',
    params: collectionParams,
    response: { 200: StorageCollection, 403: Problem, 404: Problem },
  },
})

export const explainContent = route({
  method: 'GET',
  url: '/api/v1/projects/:project/blobs/:digest/owners',
  permission: 'project:read',
  schema: {
    operationId: 'explainContent',
    summary: 'What holds a content: while something does, it is not collected.',
    params: BlobParams,
    response: { 200: ContentOwners, 403: Problem, 404: Problem },
  },
})

export const linkDownload = route({
  method: 'POST',
  url: '/api/v1/projects/:project/blobs/:digest/download-link',
  permission: 'run:read',
  sensitive: 'export',
  schema: {
    operationId: 'linkDownload',
    summary: 'A signed link by which an artifact or an output is read from the object store itself, for an hour.',
    params: BlobParams,
    response: { 200: ContentLink, 403: Problem, 404: Problem, 409: Problem },
  },
})

export const linkUpload = route({
  method: 'POST',
  url: '/api/v1/projects/:project/blobs/:digest/upload-link',
  permission: 'run:write',
  schema: {
    operationId: 'linkUpload',
    summary: 'A signed link by which the content is written to the object store itself, which checks its digest.',
    params: BlobParams,
    body: Type.Object({ size: Type.Integer({ minimum: 0, maximum: 5 * 2 ** 30 }) }, { additionalProperties: false }),
    response: { 200: ContentLink, 403: Problem, 409: Problem },
  },
})
