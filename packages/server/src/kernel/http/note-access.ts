import type { FastifyReply, FastifyRequest } from 'fastify'
import { permits } from '../principal/index.ts'

/** What the access log gets to know of one request. */
export interface AccessNote {
  readonly kind: 'denied' | 'read'
  readonly what: string
  readonly status: number
  readonly method: string
  readonly route: string
  /** Without the query: it may hold what nobody should keep. */
  readonly path: string
  /** null where the request named none. */
  readonly project: string | null
  readonly principalId: string | null
  readonly permission: string | null
  readonly address: string
  readonly requestId: string
}

/** Takes notes; must return at once and never throw. */
export interface AccessNotes {
  note(entry: AccessNote): void
}

const projectName = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Notes a request that was refused, and one that read something sensitive; nothing else. */
export function noteAccess(notes: AccessNotes, request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode: status } = reply
  const { access, alsoNeeds = [], sensitive } = request.routeOptions.config
  const code = request.problemCode
  // An outsider is told that the project does not exist; here it is what it is.
  // Who was refused by way of the identity provider is led back to the login page.
  const ledBack = status === 302 && code !== undefined
  const denied = status === 401 || status === 403 || ledBack || (code === 'ACCESS.PROJECT_NOT_FOUND' && status === 404)
  if (!denied && (sensitive === undefined || status >= 400)) return
  const route = request.routeOptions.url ?? 'none'
  const named = (request.params as { project?: unknown } | undefined)?.project
  const principalId = request.principal?.id ?? null
  notes.note({
    kind: denied ? 'denied' : 'read',
    what: denied ? (code ?? String(status)) : (sensitive ?? ''),
    status,
    method: request.method,
    route,
    // Who has not signed in chooses his paths freely; the pattern says enough and makes one line of many.
    path: principalId === null ? route : (request.url.split('?')[0] ?? '').slice(0, 300),
    project:
      typeof named === 'string' && projectName.test(named)
        ? named
        : (request.scope?.project ?? request.principal?.homeProject ?? null),
    principalId,
    permission: alsoNeeds.find((one) => denied && request.scope && !permits(request.scope, one)) ?? access ?? null,
    address: request.ip,
    requestId: request.id,
  })
}
