import {
  acceptInvitation,
  beginProviderSignIn,
  createInvitation,
  endProviderSession,
  finishProviderSignIn,
  getSignIn,
  joinByInvitation,
  listInvitations,
  logout,
  openInvitation,
  revokeInvitation,
  setAccountDisabled,
  setPassword,
  signInByPassword,
} from '@trivium/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Readable } from 'node:stream'
import { AppError } from '../../../kernel/errors/index.ts'
import { httpErrors, type Http, isOwnOrigin, mount } from '../../../kernel/http/index.ts'
import type { Database } from '../../../kernel/db/index.ts'
import type { Config } from '../../../kernel/config/index.ts'
import type { Access } from '../access.ts'
import { credentialOf } from '../authenticate.ts'
import { createCookie, isReachedOverTls } from './cookies.ts'
import { signInErrors } from './errors.ts'
import { flowMs } from './provider-sign-in.ts'
import { answerSession, visitorOf } from './session-routes.ts'
import type { SignIn } from './sign-in.ts'

const mostFormBytes = 100_000

/** The login page's routes, and invitations. */
export function signInRoutes(
  app: Http,
  { access, signIn, db, config }: { access: Access; signIn: SignIn; db: Database; config: Config },
): void {
  const { cookie } = access
  const flowCookie = createCookie('trivium_sign_in', { secure: isReachedOverTls(config) })
  const provider = () => {
    if (!signIn.provider) throw signInErrors.NO_PROVIDER()
    return signIn.provider
  }
  const passwords = () => {
    if (!signIn.passwords) throw signInErrors.NO_PASSWORDS()
    return signIn.passwords
  }
  /** Who is signed in in this browser; nobody is no error here. */
  const callerOf = async (request: FastifyRequest) => {
    const secret = cookie.read(request.headers)
    if (secret === undefined) return undefined
    const found = await access.authenticate({ cookie: `${cookie.name}=${secret}` }).catch(() => undefined)
    return found?.principal
  }

  mount(app, getSignIn, 200, async () => ({
    passwords: signIn.passwords !== undefined,
    provider: signIn.provider ? { name: signIn.provider.name } : null,
  }))
  mount(app, beginProviderSignIn, 200, async ({ body, request, reply }) => {
    requireOwnPage(request)
    const connect = body.connect ? await callerOf(request) : undefined
    if (body.connect) {
      if (!connect) throw signInErrors.SESSION_NEEDED()
      // Whoever finds a browser open must not make himself at home in the account.
      if (!(await access.sessions.begun(cookie.read(request.headers) ?? ''))?.fresh) throw signInErrors.NOT_FRESH()
    }
    const { location, flow } = await provider().begin({ next: body.next, invitation: body.invitation, connect })
    reply.header('set-cookie', flowCookie.set(flow, flowMs / 1000))
    return { location }
  })
  mount(app, finishProviderSignIn, 302, async ({ request, reply }) => {
    let to: string
    const set = [flowCookie.clear()]
    try {
      const { session, next } = await provider().finish({
        callbackUrl: new URL(`${config.publicUrl}${request.url}`),
        flow: flowCookie.read(request.headers),
        visitor: visitorOf(request, cookie),
        caller: await callerOf(request),
      })
      set.push(cookie.set(session.secret, Math.max(1, Math.floor((session.expiresAt - session.begunAt) / 1000))))
      to = next
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      request.problemCode = error.code
      to = `/login?problem=${encodeURIComponent(error.code)}`
    }
    return reply
      .status(302)
      .header('set-cookie', set)
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer')
      .header('location', to)
      .send()
  })
  mount(app, endProviderSession, 200, async ({ body, reply }) => {
    reply.header('cache-control', 'no-store')
    const token = new URLSearchParams(await textOf(body)).get('logout_token')
    if (token === null) throw signInErrors.BAD_LOGOUT_TOKEN('there is none')
    await provider().endByProvider(token)
    return {}
  })
  mount(app, logout, 200, async ({ principal, request, reply }) => {
    const credential = credentialOf(request.headers, cookie)
    const location = credential && (await signIn.provider?.logoutLocation(credential.secret))
    if (credential) await access.revokeSecret(principal, credential.secret)
    reply.header('set-cookie', cookie.clear())
    return location === undefined ? {} : { location }
  })
  mount(app, signInByPassword, 200, async ({ body, request, reply }) => {
    requireOwnPage(request)
    const session = await retryAfter(reply, () =>
      passwords().signIn({ name: body.name, password: body.password, visitor: visitorOf(request, cookie) }),
    )
    return answerSession(reply, cookie, session)
  })
  mount(app, setPassword, 200, ({ principal, body, request, reply }) =>
    retryAfter(reply, async () =>
      passwords().change(principal, {
        current: body.current,
        password: body.password,
        session: request.headers.authorization === undefined ? cookie.read(request.headers) : undefined,
        address: request.ip,
      }),
    ),
  )

  mount(app, setAccountDisabled, 200, ({ principal, params, body }) =>
    signIn.disable(principal, { name: params.name, disabled: body.disabled }),
  )

  mount(app, listInvitations, 200, async ({ scope }) => ({ invitations: await signIn.invitations.list(scope) }))
  mount(app, createInvitation, 201, async ({ scope, body }) => {
    // Nobody else could tell whose address it is.
    if (body.mail !== undefined) provider()
    const { invitation, secret } = await signIn.invitations.create(scope, {
      role: body.role,
      name: body.name,
      mail: body.mail,
      expiresInDays: body.expiresInDays ?? 7,
    })
    return { invitation, path: `/login#invitation=${secret}` }
  })
  mount(app, revokeInvitation, 200, async ({ scope, params }) => {
    await signIn.invitations.revoke(scope, params.invitation)
    return {}
  })
  mount(app, openInvitation, 200, async ({ body }) => {
    const { mail, ...shown } = await signIn.invitations.look(body.token)
    return { ...shown, byProvider: mail !== null }
  })
  mount(app, acceptInvitation, 200, async ({ body, request, reply }) => {
    requireOwnPage(request)
    const session = await signIn.acceptInvitation({
      secret: body.token,
      name: body.name,
      password: body.password,
      visitor: visitorOf(request, cookie),
    })
    return answerSession(reply, cookie, session)
  })
  mount(app, joinByInvitation, 200, async ({ principal, body }) => {
    if (principal.narrowed || principal.kind !== 'person') throw signInErrors.NARROWED()
    const { mail } = await signIn.invitations.look(body.token)
    if (mail !== null) throw signInErrors.INVITED_BY_MAIL()
    return db.write.transaction().execute((trx) => signIn.invitations.redeem(trx, body.token, principal.id))
  })
}

/** A page of somebody else must not sign a reader in. */
function requireOwnPage(request: FastifyRequest): void {
  const { origin } = request.headers
  if (origin !== undefined && !isOwnOrigin(origin, request.headers.host)) throw httpErrors.BAD_ORIGIN(origin)
}

async function retryAfter<T>(reply: FastifyReply, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const seconds = error instanceof AppError ? error.details?.['retryAfter'] : undefined
    if (typeof seconds === 'number') reply.header('retry-after', String(seconds))
    throw error
  }
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length
    if (bytes > mostFormBytes) throw signInErrors.BAD_LOGOUT_TOKEN('it is too long')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString()
}
