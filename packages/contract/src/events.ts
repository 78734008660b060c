import { Type, type Static } from 'typebox'
import { Millis, ProjectParams, Problem } from './common.ts'
import { route } from './route.ts'

/** How an entity that an event names relates to the event's subject. `input`: the subject was made from it or caused by it; `output`: it was made from the subject; `about`: no causal direction. */
export const RefRelation = Type.Union([Type.Literal('input'), Type.Literal('output'), Type.Literal('about')])
export const EventRef = Type.Object({
  rel: RefRelation,
  urn: Type.String(),
  /** The role in words: trained-on, evaluated-on, triggered-by, deployed-as, … */
  as: Type.String(),
})
export type EventRef = Static<typeof EventRef>

/** One sealed event: a change of state, without personal data. `seq` has no gaps. */
export const SealedEvent = Type.Object({
  seq: Type.Integer(),
  id: Type.String(),
  project: Type.String(),
  name: Type.String({ description: 'noun.verb, for example model-version.registered' }),
  schema: Type.Integer(),
  at: Type.Integer({ description: 'When it was recorded, milliseconds UTC.' }),
  eventTime: Type.Union([Type.Integer(), Type.Null()], {
    description: 'When it happened in the event time of the project, where that differs.',
  }),
  by: Type.String(),
  subject: Type.String(),
  refs: Type.Array(EventRef),
  data: Type.Record(Type.String(), Type.Unknown()),
})
export type SealedEvent = Static<typeof SealedEvent>

/** Which events: all conditions hold together. */
const EventFilter = {
  name: Type.Optional(
    Type.String({ maxLength: 2000, description: 'Only these, comma-separated: run.finished,alert.opened' }),
  ),
  by: Type.Optional(Type.String({ maxLength: 200, description: 'Id of whoever acted: prn_… or system:monitoring' })),
  kind: Type.Optional(
    Type.String({ pattern: '^[a-z-]{1,60}$', description: 'Kind of the subject: model, deployment, token …' }),
  ),
  subject: Type.Optional(
    Type.String({ maxLength: 1000, description: 'A whole URN, or a part of one such as a name.' }),
  ),
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'Recorded at this time or later, milliseconds UTC.' })),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'Recorded before this time, milliseconds UTC.' })),
}

export const listEvents = route({
  method: 'GET',
  url: '/api/v1/projects/:project/events',
  permission: 'event:read',
  schema: {
    operationId: 'listEvents',
    summary:
      'Lists the sealed events of a project, newest first (before a sequence number), or oldest first after one.',
    params: ProjectParams,
    query: Type.Object({
      after: Type.Optional(Type.Integer({ minimum: 0 })),
      before: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
      ...EventFilter,
    }),
    response: {
      200: Type.Object({ events: Type.Array(SealedEvent), head: Type.Integer() }),
      403: Problem,
      404: Problem,
    },
  },
})

export const exportEvents = route({
  method: 'GET',
  url: '/api/v1/projects/:project/events/export',
  permission: 'event:read',
  responseBody: 'raw',
  sensitive: 'export',
  schema: {
    operationId: 'exportEvents',
    summary:
      'Downloads sealed events as JSON Lines, oldest first. Each line is the canonical JSON of one event, whose SHA-256 is its digest in the hash chain.',
    params: ProjectParams,
    query: Type.Object(EventFilter),
    response: { 403: Problem, 404: Problem },
  },
})

export const streamEvents = route({
  method: 'GET',
  url: '/api/v1/projects/:project/events/stream',
  permission: 'event:read',
  responseBody: 'raw',
  schema: {
    operationId: 'streamEvents',
    summary:
      'Streams sealed events (SSE, resumable by Last-Event-ID) and, on volatile channels, live progress that may drop.',
    params: ProjectParams,
    query: Type.Object({
      after: Type.Optional(Type.Integer({ minimum: 0 })),
      channels: Type.Optional(Type.String({ description: 'Comma-separated volatile channels.' })),
    }),
    response: { 403: Problem, 404: Problem },
  },
})

/** One version of an event in public: what `data` holds, as JSON Schema. */
export const PublicEventSchema = Type.Object({
  name: Type.String(),
  version: Type.Integer(),
  subject: Type.String({ description: 'Kind of entity in the URN of the subject.' }),
  summary: Type.String(),
  data: Type.Record(Type.String(), Type.Unknown(), { description: 'JSON Schema of `data`, draft 2020-12.' }),
})

export const listEventSchemas = route({
  method: 'GET',
  url: '/api/v1/events/schemas',
  permission: 'authenticated',
  schema: {
    operationId: 'listEventSchemas',
    summary: 'Lists what every event says, in every version. Within a version only optional fields are added.',
    response: { 200: Type.Object({ schemas: Type.Array(PublicEventSchema) }) },
  },
})

export const getEventSchema = route({
  method: 'GET',
  url: '/api/v1/events/schemas/:name/:version',
  permission: 'authenticated',
  schema: {
    operationId: 'getEventSchema',
    summary:
      'The JSON Schema of the data of one version of an event; the attribute dataschema of webhooks leads here when publicUrl is set.',
    params: Type.Object({
      name: Type.String({ pattern: '^[a-z][a-z-]*\\.[a-z][a-z-]*$', maxLength: 100 }),
      version: Type.Integer({ minimum: 1, maximum: 1000 }),
    }),
    response: { 200: Type.Record(Type.String(), Type.Unknown()), 404: Problem },
  },
})

export const getWatermark = route({
  method: 'GET',
  url: '/api/v1/projects/:project/watermark',
  permission: 'project:read',
  schema: {
    operationId: 'getWatermark',
    summary: 'Reads how far event time has come in a project, and what holds it.',
    params: ProjectParams,
    response: {
      200: Type.Object({
        at: Type.Integer(),
        mode: Type.Union([Type.Literal('wall'), Type.Literal('replay')]),
        settled: Type.Boolean(),
        blockers: Type.Array(Type.String()),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

export const advanceWatermark = route({
  method: 'POST',
  url: '/api/v1/projects/:project/watermark',
  permission: 'watermark:write',
  schema: {
    operationId: 'advanceWatermark',
    summary:
      'Moves event time forward once everything that is known so far has been worked on; answers when that is settled again, or at the time-out with what holds it.',
    params: ProjectParams,
    body: Type.Object(
      {
        to: Millis,
        waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000, default: 10_000 })),
      },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({
        at: Type.Integer(),
        advanced: Type.Boolean(),
        settled: Type.Boolean(),
        blockers: Type.Array(Type.String()),
      }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
    },
  },
})
