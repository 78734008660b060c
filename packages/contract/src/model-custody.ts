import { type Static, Type } from 'typebox'
import { Problem, ProjectParams } from './common.ts'
import { CycleStage } from './model-use.ts'
import { ModelName } from './registry.ts'
import { route } from './route.ts'

const Text = Type.Union([Type.String(), Type.Null()])
const Count = Type.Integer({ minimum: 0 })
const Moment = Type.Union([Type.Integer(), Type.Null()])
const Share = Type.Object({
  share: Type.Union([Type.Number(), Type.Null()]),
  /** 95 % interval; null where too little is known. */
  low: Type.Union([Type.Number(), Type.Null()]),
  high: Type.Union([Type.Number(), Type.Null()]),
})

/** What is done to a version while somebody has it: it is made ready, decided on, put into production, or it serves. */
export const CustodyStep = Type.Union([
  Type.Literal('preparing'),
  Type.Literal('deciding'),
  Type.Literal('releasing'),
  Type.Literal('serving'),
])
export type CustodyStep = Static<typeof CustodyStep>

/** Who has a version; without a principal nobody has taken it up yet. */
export const CustodyParty = Type.Object({
  principal: Text,
  name: Text,
  /** The first by name of the groups that have a role in the project, else the role of the person. Null: neither. */
  team: Text,
})
export type CustodyParty = Static<typeof CustodyParty>

/** A stretch of time in which one party had a version. */
export const CustodySegment = Type.Object({
  step: CustodyStep,
  party: CustodyParty,
  from: Type.Integer(),
  /** Null: it is so now. */
  to: Moment,
  /** `next`: it went on; `returned`: it was sent back; `superseded`: a later version was put into production; `open`: it is so now. */
  ended: Type.Union([Type.Literal('next'), Type.Literal('returned'), Type.Literal('superseded'), Type.Literal('open')]),
})
export type CustodySegment = Static<typeof CustodySegment>

/** A version that was sent back, by whom and why. */
export const CustodyReturn = Type.Object({
  kind: Type.Union([Type.Literal('review'), Type.Literal('gate'), Type.Literal('withdrawn')]),
  at: Type.Integer(),
  by: Text,
  reason: Type.String(),
})
export type CustodyReturn = Static<typeof CustodyReturn>

/** Who had a version, one after the other. */
export const VersionCustody = Type.Object({
  model: Type.String(),
  version: Type.Integer(),
  segments: Type.Array(CustodySegment),
  returns: Type.Array(CustodyReturn),
  /** How often it went from one person to another, of that to another team, and back to one who had had it. */
  handOvers: Count,
  teamHandOvers: Count,
  backAndForth: Count,
  /** Where it stands still: in a decision, approved and not deployed, or returned and not asked for again. */
  stalled: Type.Union([
    Type.Object({
      step: CustodyStep,
      since: Type.Integer(),
      party: CustodyParty,
      /** Share of the waits of this step that are over and were shorter, and of how many. */
      longerThan: Type.Union([Type.Number(), Type.Null()]),
      of: Count,
    }),
    Type.Null(),
  ]),
})
export type VersionCustody = Static<typeof VersionCustody>

const Spread = Type.Omit(CycleStage, ['stage'])

/** Hand-overs of the newest versions of a model or of a project. Times in milliseconds. */
export const ReleaseHandOvers = Type.Object({
  model: Text,
  versionsRead: Count,
  more: Type.Boolean(),
  /** How long each step took where it is over and was not superseded, all of its time, what is open, and its share of all waiting up to now. */
  steps: Type.Array(
    Type.Object({
      step: CustodyStep,
      ...Spread.properties,
      total: Type.Number(),
      open: Count,
      superseded: Count,
      share: Type.Union([Type.Number(), Type.Null()]),
    }),
  ),
  /** The step with the greatest share of the waiting; null where nothing waited. */
  slowest: Type.Union([CustodyStep, Type.Null()]),
  /** How many hand-overs a version has that was put into production. */
  perRelease: Spread,
  /** Between teams: how often, how long until the other took it up, how often it went back. */
  between: Type.Array(Type.Object({ from: Text, to: Text, n: Count, back: Count, wait: Spread })),
  /** Versions that somebody was asked to decide on, and those of them that came back at least once, with a 95 % interval by Wilson. */
  returned: Type.Object({ versions: Count, of: Count, times: Count, ...Share.properties }),
  reasons: Type.Array(Type.Object({ kind: CustodyReturn.properties.kind, reason: Type.String(), n: Count })),
  /** Longest first. */
  stalled: Type.Array(VersionCustody),
  versions: Type.Array(VersionCustody),
})
export type ReleaseHandOvers = Static<typeof ReleaseHandOvers>

export const getReleaseHandOvers = route({
  method: 'GET',
  url: '/api/v1/projects/:project/release-hand-overs',
  permission: 'model:read',
  alsoNeeds: ['deployment:read', 'inbox:read'],
  schema: {
    operationId: 'getReleaseHandOvers',
    summary:
      'Says who had each version and how long, how often it changed hands and came back and why, how long teams wait for each other, and where it stands still: the newest 1,000 versions of the project, or of one model.',
    params: ProjectParams,
    query: Type.Object({ model: Type.Optional(ModelName) }),
    response: { 200: ReleaseHandOvers, 403: Problem, 404: Problem },
  },
})

const WorkTime = Type.Object({
  people: Count,
  days: Type.Integer({ minimum: 0, description: 'Days on which at least one of them did something that is recorded.' }),
  /** Hours of the clock in which somebody did at least one thing that is recorded, counted once a person. */
  activeHours: Count,
  /** Of these, what belongs to production: an hour counts by the share of its records. */
  productionHours: Type.Number(),
  ...Share.properties,
})
export type WorkTime = Static<typeof WorkTime>

/** An estimate of how much of people's recorded work is about what is in production. */
export const ProductionTime = Type.Object({
  from: Type.Integer(),
  to: Type.Integer(),
  /** True: there were too many records, only a part was read. */
  more: Type.Boolean(),
  /** People who registered a version or started a run in this time. */
  makers: WorkTime,
  teams: Type.Array(Type.Object({ team: Text, ...WorkTime.properties })),
  /** What counts as production, in words. */
  production: Type.Array(Type.String()),
  limits: Type.Array(Type.String()),
})
export type ProductionTime = Static<typeof ProductionTime>

export const getProductionTime = route({
  method: 'GET',
  url: '/api/v1/projects/:project/production-time',
  permission: 'model:read',
  alsoNeeds: ['deployment:read', 'event:read'],
  load: 'heavy',
  schema: {
    operationId: 'getProductionTime',
    summary:
      'Estimates, by team and for those who make models, the share of recorded working hours that went into what is in production. Never by person.',
    params: ProjectParams,
    query: Type.Object({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, default: 90 })) }),
    response: { 200: ProductionTime, 403: Problem },
  },
})
