import { type Static, Type } from 'typebox'
import { Problem } from './common.ts'
import { route } from './route.ts'

/** One thing that was looked at. `mend` says what to do where it is not `ok`. */
export const StatusFinding = Type.Object({
  check: Type.String({
    description: 'What was looked at: database, servers, events, jobs, gateway, tables, disk, memory.',
  }),
  state: Type.Union([Type.Literal('ok'), Type.Literal('warning'), Type.Literal('failed')]),
  found: Type.String(),
  mend: Type.Union([Type.String(), Type.Null()]),
})
export type StatusFinding = Static<typeof StatusFinding>

/** One server of the installation. */
export const ServerState = Type.Object({
  id: Type.String(),
  host: Type.String(),
  roles: Type.Array(Type.Union([Type.Literal('api'), Type.Literal('engine'), Type.Literal('gateway')])),
  version: Type.String(),
  startedAt: Type.Integer(),
  seenAt: Type.Integer({ description: 'When it last said that it is there.' }),
  alive: Type.Boolean(),
  self: Type.Boolean({ description: 'Whether it is the one that answers.' }),
  leads: Type.Boolean({ description: 'Whether it does what one engine does for all.' }),
})
export type ServerState = Static<typeof ServerState>

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
        servers: Type.Array(ServerState, { description: 'All servers of the database, this one first.' }),
      }),
      403: Problem,
    },
  },
})
