import { type Static, Type } from 'typebox'
import { Problem, ProjectParams } from './common.ts'
import { route } from './route.ts'

/** What a quota bounds, in what it counts, and whom it bounds: a whole project, or each principal in it. */
export interface QuotaDefinition {
  readonly of: 'project' | 'principal'
  readonly unit: 'requests' | 'bytes' | 'steps' | 'runs' | 'streams'
  /** The time over which it counts; without it, what is there at one moment. */
  readonly per?: 'minute' | 'day'
  /** Limit where neither the settings nor the project say otherwise; 0 is none. */
  readonly limit: number
  readonly summary: string
}

/** Every quota. Days and minutes are those of UTC. */
export const quotaDefinitions = {
  'project-requests': {
    of: 'project',
    unit: 'requests',
    per: 'minute',
    limit: 1_200_000,
    summary: 'Requests of all that act in the project',
  },
  'principal-requests': {
    of: 'principal',
    unit: 'requests',
    per: 'minute',
    limit: 600_000,
    summary: 'Requests of one person or service account',
  },
  'project-upload': {
    of: 'project',
    unit: 'bytes',
    per: 'day',
    limit: 4 * 2 ** 40,
    summary: 'Bytes that are sent to the project',
  },
  'principal-upload': {
    of: 'principal',
    unit: 'bytes',
    per: 'day',
    limit: 2 * 2 ** 40,
    summary: 'Bytes that one person or service account sends',
  },
  storage: { of: 'project', unit: 'bytes', limit: 0, summary: 'Content that the project keeps, each content once' },
  'running-steps': { of: 'project', unit: 'steps', limit: 0, summary: 'Pipeline steps that run at once' },
  'queued-runs': { of: 'project', unit: 'runs', limit: 10_000, summary: 'Pipeline runs that are not over' },
  'project-streams': { of: 'project', unit: 'streams', limit: 2000, summary: 'Open event streams of the project' },
  'principal-streams': {
    of: 'principal',
    unit: 'streams',
    limit: 200,
    summary: 'Open event streams of one person or service account',
  },
} as const satisfies Record<string, QuotaDefinition>

/** The name of a quota. */
export type QuotaName = keyof typeof quotaDefinitions
export const quotaNames = Object.keys(quotaDefinitions) as QuotaName[]
export const QuotaNameSchema = Type.Unsafe<QuotaName>(Type.String({ enum: quotaNames }))

/** One quota of a project and how much of it is used. */
export const Quota = Type.Object({
  name: QuotaNameSchema,
  of: Type.Union([Type.Literal('project'), Type.Literal('principal')]),
  unit: Type.String(),
  per: Type.Union([Type.Literal('minute'), Type.Literal('day'), Type.Null()]),
  summary: Type.String(),
  limit: Type.Integer({ description: '0: none.' }),
  own: Type.Boolean({ description: 'An administrator has set it for this project; otherwise it is the default.' }),
  used: Type.Integer({ description: 'By the project, or by whoever uses the most of it.' }),
})
export type Quota = Static<typeof Quota>

/** What one person or service account uses of the quotas of principals. */
export const QuotaPrincipal = Type.Object({
  id: Type.String(),
  name: Type.String(),
  used: Type.Array(Type.Object({ name: QuotaNameSchema, used: Type.Integer() })),
})
export type QuotaPrincipal = Static<typeof QuotaPrincipal>

export const ProjectQuotas = Type.Object({
  project: Type.String(),
  quotas: Type.Array(Quota),
  principals: Type.Array(QuotaPrincipal, {
    description: 'Those who used something of late, the most first; at most 50.',
  }),
})
export type ProjectQuotas = Static<typeof ProjectQuotas>

const Limit = Type.Union([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()])

export const listQuotas = route({
  method: 'GET',
  url: '/api/v1/quotas',
  permission: 'instance:admin',
  schema: {
    operationId: 'listQuotas',
    summary: 'The quotas of every project and what is used of them.',
    response: { 200: Type.Object({ projects: Type.Array(ProjectQuotas) }), 403: Problem },
  },
})

export const getQuotas = route({
  method: 'GET',
  url: '/api/v1/projects/:project/quotas',
  permission: 'project:read',
  schema: {
    operationId: 'getQuotas',
    summary: 'The quotas of a project and what is used of them.',
    params: ProjectParams,
    response: { 200: ProjectQuotas, 403: Problem, 404: Problem },
  },
})

export const setQuotas = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/quotas',
  permission: 'instance:admin',
  schema: {
    operationId: 'setQuotas',
    summary: 'Sets limits of a project; null brings the default back, 0 is no limit. Others stay as they are.',
    params: ProjectParams,
    body: Type.Object(
      {
        limits: Type.Object(
          Object.fromEntries(quotaNames.map((name) => [name, Type.Optional(Limit)])) as Record<
            QuotaName,
            ReturnType<typeof Type.Optional<typeof Limit>>
          >,
          { additionalProperties: false, minProperties: 1 },
        ),
      },
      { additionalProperties: false },
    ),
    response: { 200: ProjectQuotas, 400: Problem, 403: Problem, 404: Problem },
  },
})
