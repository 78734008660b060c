import { type Static, Type } from 'typebox'
import { Problem } from './common.ts'
import { route } from './route.ts'

/** One thing that was looked at. `mend` says what to do where it is not `ok`. */
export const StatusFinding = Type.Object({
  check: Type.String({ description: 'What was looked at: database, events, jobs, gateway, tables, disk, memory.' }),
  state: Type.Union([Type.Literal('ok'), Type.Literal('warning'), Type.Literal('failed')]),
  found: Type.String(),
  mend: Type.Union([Type.String(), Type.Null()]),
})
export type StatusFinding = Static<typeof StatusFinding>

export const getStatus = route({
  method: 'GET',
  url: '/api/v1/status',
  permission: 'metrics:read',
  schema: {
    operationId: 'getStatus',
    summary: 'Says how the server does: what works, what does not, and what mends it.',
    response: {
      200: Type.Object({
        state: Type.Union([Type.Literal('ok'), Type.Literal('warning'), Type.Literal('failed')], {
          description: 'The worst of the findings.',
        }),
        version: Type.String(),
        startedAt: Type.Integer(),
        findings: Type.Array(StatusFinding),
      }),
      403: Problem,
    },
  },
})
