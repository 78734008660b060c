import { type Static, Type } from 'typebox'
import { PageQuery, Problem, ProjectName, ProjectParams } from './common.ts'
import { ModelName, ModelVersionNumber } from './registry.ts'
import { route } from './route.ts'

const ModelParams = Type.Object({ project: ProjectName, model: ModelName })
const Text = Type.Union([Type.String(), Type.Null()])
const Count = Type.Integer({ minimum: 0 })
const Moment = Type.Union([Type.Integer(), Type.Null()])

/** Somebody whom a deployment of the model answered. */
export const ModelCaller = Type.Object({
  principal: Type.String(),
  name: Type.String(),
  kind: Type.Union([Type.Literal('person'), Type.Literal('service'), Type.Literal('other')]),
  deployment: Type.String(),
  /** Versions that answered, the newest first. */
  versions: Type.Array(Type.Integer()),
  requests: Count,
  predictions: Count,
  firstAt: Type.Integer(),
  lastAt: Type.Integer(),
})
export type ModelCaller = Static<typeof ModelCaller>

/** A call of a deployment that works as it stands, once TRIVIUM_URL and TRIVIUM_TOKEN are set. */
export const ExampleCall = Type.Object({
  deployment: Type.String(),
  inputs: Type.Record(Type.String(), Type.Unknown()),
  /** Where the values come from: the example that was logged with the model, a recorded prediction, or made up by the types of the inputs. */
  source: Type.Union([Type.Literal('input example'), Type.Literal('recorded prediction'), Type.Literal('made up')]),
  curl: Type.String(),
  python: Type.String(),
  typescript: Type.String(),
})
export type ExampleCall = Static<typeof ExampleCall>

/** What somebody needs who takes a model over or uses it, beside its card: where it runs, who uses it, how it is called, who is asked, what nobody has written down. */
export const ModelHandOver = Type.Object({
  model: Type.String(),
  version: Type.Integer(),
  /** Why this version: it was asked for, it is the champion, it is the newest that answers somewhere, or it is the newest. */
  because: Type.Union([
    Type.Literal('asked'),
    Type.Literal('champion'),
    Type.Literal('deployed'),
    Type.Literal('newest'),
  ]),
  urn: Type.String(),
  deployments: Type.Array(
    Type.Object({
      name: Type.String(),
      /** `serving`: this version answers; `other-version`: another one of the model does; `replaced`: another model does. */
      state: Type.Union([
        Type.Literal('serving'),
        Type.Literal('other-version'),
        Type.Literal('replaced'),
        Type.Literal('retired'),
      ]),
      /** The version of the model that answers now, else the last one that did. */
      version: Type.Integer(),
      /** When its pointer last moved. */
      since: Type.Integer(),
    }),
  ),
  callers: Type.Array(ModelCaller),
  contacts: Type.Array(Type.Object({ name: Type.String(), why: Type.String() })),
  example: Type.Union([ExampleCall, Type.Null()]),
  /** The commit that its run recorded and the address of its repository, without a password; null where there is none, or who asks may not read runs. */
  code: Type.Union([
    Type.Object({ commit: Type.String(), repository: Type.Union([Type.String(), Type.Null()]) }),
    Type.Null(),
  ]),
  /** Parts of the card that only people can write, and nobody has. */
  unwritten: Type.Array(Type.Object({ part: Type.String(), how: Type.String() })),
})
export type ModelHandOver = Static<typeof ModelHandOver>

/** A version that was registered and is not used, with what speaks for the reason. */
export const ModelCandidate = Type.Object({
  version: Type.Integer(),
  urn: Type.String(),
  registeredAt: Type.Integer(),
  registeredBy: Type.String(),
  /** `open`: it is newer than what is used and nothing speaks against it yet. `superseded`: a later version was chosen. */
  outcome: Type.Union([
    Type.Literal('rejected'),
    Type.Literal('declined'),
    Type.Literal('superseded'),
    Type.Literal('open'),
    Type.Literal('unjudged'),
  ]),
  reasons: Type.Array(
    Type.Object({
      kind: Type.Union([
        Type.Literal('gate'),
        Type.Literal('review'),
        Type.Literal('evidence'),
        Type.Literal('alias'),
        Type.Literal('later-version'),
      ]),
      text: Type.String(),
      at: Moment,
    }),
  ),
})
export type ModelCandidate = Static<typeof ModelCandidate>

/** How long a part of the release cycle took. Times in milliseconds. */
export const CycleStage = Type.Object({
  stage: Type.Union([
    Type.Literal('registered-approved'),
    Type.Literal('asked-approved'),
    Type.Literal('registered-deployed'),
    Type.Literal('approved-deployed'),
    Type.Literal('deployed-replaced'),
  ]),
  /** Versions that went through it. */
  n: Count,
  median: Type.Union([Type.Number(), Type.Null()]),
  /** 95 % interval of the median by its order statistics; null below six versions. */
  low: Type.Union([Type.Number(), Type.Null()]),
  high: Type.Union([Type.Number(), Type.Null()]),
  /** Quarter and three quarters of the versions took less. */
  q1: Type.Union([Type.Number(), Type.Null()]),
  q3: Type.Union([Type.Number(), Type.Null()]),
  longest: Type.Union([Type.Number(), Type.Null()]),
})
export type CycleStage = Static<typeof CycleStage>

/** The way of one version; null: it has not come there. */
export const VersionCycle = Type.Object({
  model: Type.String(),
  version: Type.Integer(),
  registeredAt: Type.Integer(),
  askedAt: Moment,
  approvedAt: Moment,
  declinedAt: Moment,
  deployedAt: Moment,
  replacedAt: Moment,
  /** What it waits for now, and since when; null where it waits for nothing. */
  waitingFor: Type.Union([Type.Literal('approval'), Type.Literal('deployment'), Type.Null()]),
  waitingSince: Moment,
})
export type VersionCycle = Static<typeof VersionCycle>

export const ReleaseCycles = Type.Object({
  model: Text,
  /** How many versions were looked at, the newest ones. */
  versionsRead: Count,
  more: Type.Boolean(),
  stages: Type.Array(CycleStage),
  /** Of the project: each model by itself, those that wait longest first. */
  models: Type.Array(Type.Object({ model: Type.String(), versions: Count, stages: Type.Array(CycleStage) })),
  /** What waits now, longest first. */
  waiting: Type.Array(VersionCycle),
  versions: Type.Array(VersionCycle),
})
export type ReleaseCycles = Static<typeof ReleaseCycles>

export const getModelHandOver = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models/:model/hand-over',
  permission: 'model:read',
  alsoNeeds: ['deployment:read'],
  schema: {
    operationId: 'getModelHandOver',
    summary:
      'Reads what hands a model over: where it runs, who uses it, a call that works, who to ask, and what nobody has written down. Without a version that of the champion, else of the newest that is deployed, else of the newest.',
    params: ModelParams,
    query: Type.Object({ version: Type.Optional(ModelVersionNumber) }),
    response: { 200: ModelHandOver, 403: Problem, 404: Problem },
  },
})

export const listModelCandidates = route({
  method: 'GET',
  url: '/api/v1/projects/:project/models/:model/candidates',
  permission: 'model:read',
  alsoNeeds: ['deployment:read'],
  schema: {
    operationId: 'listModelCandidates',
    summary:
      'Lists the versions that were neither champion nor deployed, newest first, each with the reasons on record.',
    params: ModelParams,
    query: Type.Object(PageQuery),
    response: {
      200: Type.Object({ candidates: Type.Array(ModelCandidate), nextPageToken: Text }),
      400: Problem,
      403: Problem,
      404: Problem,
    },
  },
})

export const getReleaseCycles = route({
  method: 'GET',
  url: '/api/v1/projects/:project/release-cycles',
  permission: 'model:read',
  alsoNeeds: ['deployment:read'],
  schema: {
    operationId: 'getReleaseCycles',
    summary:
      'Says how long versions take from registration to approval, deployment and replacement: the newest 1,000 versions of the project, or of one model.',
    params: ProjectParams,
    query: Type.Object({ model: Type.Optional(ModelName) }),
    response: { 200: ReleaseCycles, 403: Problem, 404: Problem },
  },
})
