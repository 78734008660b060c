import { type Static, Type } from 'typebox'
import { Millis, Problem } from './common.ts'
import { route } from './route.ts'

/** What calls other hosts through the one way out of the server; an internal address is allowed for one of them. */
export const egressConnections = ['webhooks', 'sign-in', 'traces', 'content-places'] as const
export type EgressConnection = (typeof egressConnections)[number]
const EgressConnectionName = Type.Union([
  Type.Literal('webhooks'),
  Type.Literal('sign-in'),
  Type.Literal('traces'),
  Type.Literal('content-places'),
])

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** Name of a connection; webhooks and places of content have one for each host: `webhooks@HOST`. */
const ConnectionName = Type.String({ pattern: '^[a-z][a-z-]{0,40}(@[a-zA-Z0-9.:\\[\\]_-]{1,255})?$' })

const InternalAddress = Type.Union([Type.Literal('public'), Type.Literal('internal'), Type.Literal('unknown')], {
  description: 'unknown: the host is a name, and nobody has reached it yet.',
})

/** Something outside of this server that it reaches. */
export const Connection = Type.Object({
  name: ConnectionName,
  purpose: Type.String({ description: 'What it is for.' }),
  address: Nullable(Type.String({ description: 'Without credentials and paths; null: none is set.' })),
  through: Type.Union([Type.Literal('egress'), Type.Literal('driver'), Type.Literal('program')], {
    description:
      'egress: the one way out, which refuses internal addresses that nobody allowed. driver: the server itself, as its settings say. program: another program that it starts.',
  }),
  tls: Type.Union([Type.Literal('yes'), Type.Literal('no'), Type.Literal('none-needed'), Type.Literal('unknown')], {
    description: 'none-needed: nothing leaves this machine. unknown: the program or the setting decides.',
  }),
  tlsVersion: Nullable(Type.String({ description: 'Of the last answer, such as TLSv1.3.' })),
  reaches: InternalAddress,
  reached: Nullable(Type.String({ description: 'The address that answered last.' })),
  allowedBy: Nullable(
    Type.String({ description: 'What allows the internal address: the setting, or the entry of the list.' }),
  ),
  settings: Type.Array(Type.String(), {
    description: 'Settings that say it; values of credentials are shown nowhere.',
  }),
  credentials: Nullable(Type.String({ description: 'Where credentials come from; never their value.' })),
  uses: Nullable(Type.String({ description: 'What uses it, where that is more than one thing.' })),
  succeededAt: Nullable(Millis),
  failedAt: Nullable(Millis),
  failure: Nullable(Type.String({ description: 'Cause of the last failure.' })),
  state: Type.Union([Type.Literal('works'), Type.Literal('fails'), Type.Literal('unused'), Type.Literal('off')], {
    description: 'By the last use. off: it is not set.',
  }),
  testable: Type.Boolean(),
})
export type Connection = Static<typeof Connection>

/** An internal address that one connection may call. */
export const EgressAllowance = Type.Object({
  id: Type.String(),
  connection: EgressConnectionName,
  address: Type.String(),
  reason: Type.String(),
  allowedByName: Type.String(),
  allowedAt: Millis,
})
export type EgressAllowance = Static<typeof EgressAllowance>

const reason = Type.String({ minLength: 3, maxLength: 500, description: 'Kept in the event.' })

export const listConnections = route({
  method: 'GET',
  url: '/api/v1/connections',
  permission: 'instance:admin',
  schema: {
    operationId: 'listConnections',
    summary:
      'Lists everything outside of itself that the server reaches, with how it went last, and the internal addresses that are allowed.',
    response: {
      200: Type.Object({
        connections: Type.Array(Connection),
        allowances: Type.Array(EgressAllowance),
        setting: Type.Array(Type.String(), {
          description: 'Internal addresses that the setting egressAllow opens to every connection.',
        }),
      }),
      403: Problem,
    },
  },
})

export const testConnection = route({
  method: 'POST',
  url: '/api/v1/connections/:connection/test',
  permission: 'instance:admin',
  schema: {
    operationId: 'testConnection',
    summary: 'Tries a connection now and says how it went; six times a minute at most.',
    params: Type.Object({ connection: ConnectionName }),
    response: {
      200: Type.Object({
        ok: Type.Boolean(),
        found: Type.String({ description: 'What answered, or why it did not.' }),
        ms: Type.Integer(),
        connection: Connection,
      }),
      403: Problem,
      404: Problem,
      409: Problem,
      429: Problem,
    },
  },
})

export const allowEgress = route({
  method: 'POST',
  url: '/api/v1/connections/allowances',
  permission: 'instance:admin',
  sensitive: 'addresses',
  schema: {
    operationId: 'allowEgress',
    summary: 'Allows one connection to call an internal address, also without TLS.',
    body: Type.Object(
      {
        connection: EgressConnectionName,
        address: Type.String({
          minLength: 1,
          maxLength: 255,
          description: 'host, host:port, an address, or a network such as 10.1.0.0/16.',
        }),
        reason,
      },
      { additionalProperties: false },
    ),
    response: { 201: EgressAllowance, 403: Problem, 409: Problem, 422: Problem },
  },
})

export const withdrawEgress = route({
  method: 'POST',
  url: '/api/v1/connections/allowances/:allowance/withdraw',
  permission: 'instance:admin',
  sensitive: 'addresses',
  schema: {
    operationId: 'withdrawEgress',
    summary: 'No longer allows a connection to call an internal address.',
    params: Type.Object({ allowance: Type.String({ pattern: '^[a-z]+_[0-9a-z]{10,40}$' }) }),
    body: Type.Object({ reason }, { additionalProperties: false }),
    response: { 204: Type.Null(), 403: Problem, 404: Problem },
  },
})
