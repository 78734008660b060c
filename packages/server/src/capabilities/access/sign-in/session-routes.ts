import { endSession, endSessions, listSessions } from '@trivium/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Http, mount } from '../../../kernel/http/index.ts'
import type { Cookie } from './cookies.ts'
import type { OpenedSession, Sessions, Visitor } from './sessions.ts'

/** Who stands at the door: where a request that signs somebody in comes from. */
export function visitorOf(request: FastifyRequest, cookie: Cookie): Visitor {
  return {
    address: request.ip,
    browser: String(request.headers['user-agent'] ?? ''),
    earlier: cookie.read(request.headers),
  }
}

/** Gives the browser its new session. The secret stands in the cookie alone. */
export function answerSession(
  reply: FastifyReply,
  cookie: Cookie,
  { secret, principalId, expiresAt, begunAt }: OpenedSession,
): { principal: string; expiresAt: number } {
  reply.header('set-cookie', cookie.set(secret, Math.max(1, Math.floor((expiresAt - begunAt) / 1000))))
  return { principal: principalId, expiresAt }
}

/** The browser sessions of the caller, and for the administrator of the instance everybody's. */
export function sessionRoutes(app: Http, { sessions, cookie }: { sessions: Sessions; cookie: Cookie }): void {
  mount(app, listSessions, 200, async ({ principal, query, request }) => ({
    sessions: await sessions.list(principal, { all: query.all === true, current: cookie.read(request.headers) }),
  }))
  mount(app, endSession, 200, async ({ principal, params }) => {
    await sessions.end(principal, params.session)
    return {}
  })
  mount(app, endSessions, 200, ({ principal, query, request }) =>
    sessions.endAll(principal, { of: query.of, except: cookie.read(request.headers) }),
  )
}
