import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { type Permission, type Route, type RouteAccess, streamEvents } from '@trivium/contract'
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { AppError, defineErrors, isTooDeep } from '../errors/index.ts'
import type { Logger } from '../logging/index.ts'
import type { Metrics, Tracer } from '../telemetry/index.ts'
import { traceRequests } from './trace-requests.ts'
import { lazySerializers, lazyValidator } from './lazy-schemas.ts'
import { followTls, readTls, type TlsFiles } from './tls-files.ts'
import { believeProxies, type ProxyHeaders, type Trusts } from './trusted-proxies.ts'
import {
  accessErrors,
  actingUnder,
  authorize,
  breakGlassOf,
  type Principal,
  requirePermission,
  type Scope,
} from '../principal/index.ts'
import { type AccessNotes, noteAccess } from './note-access.ts'
import { createLoadGate, type LoadClass, type LoadLimit } from './load-gate.ts'
import { countBody, type RequestQuotas } from './request-quotas.ts'

export const httpErrors = defineErrors('HTTP', {
  BAD_REQUEST: { status: 400, message: (why: string) => why },
  ROUTE_NOT_FOUND: { status: 404, message: (method: string, url: string) => `There is no route ${method} ${url}.` },
  BAD_HOST: {
    status: 421,
    message: (host: string) =>
      `This server does not answer for host "${host}". Set publicUrl to the address that people use.`,
  },
  BAD_ORIGIN: { status: 403, message: (origin: string) => `A page of ${origin} may not act here with your session.` },
  BASIC_FROM_BROWSER: {
    status: 401,
    message: () => 'Basic credentials are for MLflow clients, not for browsers. Open a login link instead.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    message: (limit: number) => `The body is larger than ${limit} bytes. Send less at once, or upload a file.`,
  },
  STOPPING: { status: 503, message: () => 'The server is stopping. Try again in a moment.' },
})

/** Says who a request comes from; `access` implements it. Returns undefined without credentials and throws for wrong or expired ones. */
export interface Authenticator {
  authenticate(
    headers: IncomingHttpHeaders,
  ): Promise<{ principal: Principal; via: 'bearer' | 'basic' | 'session' } | undefined>
  projectExists(name: string): Promise<boolean>
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set on every route that is not public. */
    principal?: Principal
    /** The project in the path (or the token's own project on wire protocols) with the permission checked. */
    scope?: Scope
    /** Code of the error that was answered. */
    problemCode?: string
    /** Takes the request from the quotas of its scope; for those that act elsewhere than the path says. Throws when they are used up. */
    takeQuota(): Promise<void>
    /** Checks the request's credentials again; for answers that outlive the check at their beginning (streams). Throws when they no longer hold. */
    checkAgain(): Promise<void>
  }
  interface FastifyInstance {
    /** Every route that is served, in the order in which they were added. */
    readonly routeTable: readonly ServedRoute[]
  }
  interface FastifyContextConfig {
    /** What the route needs. A route without it stops the start. */
    access?: RouteAccess
    /** Permissions that the route needs beside `access`. */
    alsoNeeds?: readonly Permission[]
    /** Wire protocols that name no project act in the project of the token. */
    homeProject?: boolean
    /** How it fares when there is too much to do; `normal` unless said, `stream` for answers without end, which are counted by quotas. */
    load?: LoadClass | 'stream'
    /** Bodies are kept as content. */
    stores?: boolean
    /** Answers are written to the access log. */
    sensitive?: NonNullable<Route['sensitive']>
  }
}

/** A route as it is served. */
export interface ServedRoute {
  readonly method: string
  readonly url: string
  readonly access: RouteAccess
  readonly alsoNeeds: readonly Permission[]
  readonly schema: { readonly params?: unknown; readonly querystring?: unknown; readonly body?: unknown }
}

export interface HttpOptions {
  /** Makes each request a span, where tracing is on. */
  tracer?: Tracer
  authenticator: Authenticator
  logger: Logger
  metrics: Pick<Metrics, 'observe' | 'collect'>
  /** Says who has used up what he may. */
  quotas?: RequestQuotas
  /** How many requests of a class may be under way and wait. */
  loadLimits?: Readonly<Record<LoadClass, LoadLimit>>
  /** Learns of refused requests and of sensitive reads. */
  accessNotes?: AccessNotes
  bodyLimit: number
  /** A body of which nothing comes for so long is given up with its connection; two minutes unless said. */
  bodyIdleMs?: number
  /** Host names, without port, that the Host header may carry. */
  allowedHosts: () => ReadonlySet<string>
  /** Serves HTTPS and nothing else; the files are looked at again while the server listens. */
  tls?: TlsFiles
  /** Reverse proxies whose word about the client counts, and in which headers they give it. */
  proxies?: { readonly trusts: Trusts; readonly headers: ProxyHeaders }
}

export type Http = FastifyInstance<any, any, any, any, any>

/** Fastify with our rules: every route names its permission, bodies are strict, queries are coerced, errors are problem+json with stable codes, hosts and origins are checked. */
export function createHttp(options: HttpOptions): Http {
  const { authenticator, logger, metrics, accessNotes, quotas, bodyLimit, allowedHosts, tls, proxies } = options
  const app = fastify({
    loggerInstance: logger as never,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (req) => headerText(req.headers['x-request-id'])?.slice(0, 100) ?? randomUUID(),
    bodyLimit,
    requestTimeout: 0,
    forceCloseConnections: 'idle',
    schemaController: { compilersFactory: { buildSerializer: lazySerializers as never } },
    routerOptions: { maxParamLength: 1000 },
    ...(tls ? { https: readTls(tls) as never } : {}),
    trustProxy: proxies?.trusts ?? false,
    rewriteUrl: (raw: IncomingMessage) => {
      // Before anything of the request is looked at.
      if (proxies) believeProxies(raw, proxies.trusts, proxies.headers)
      return raw.url ?? '/'
    },
  }) as unknown as Http

  if (tls) {
    let following: ReturnType<typeof followTls> | undefined
    app.addHook('onListen', async () => {
      following = followTls(app.server, tls, { logger })
    })
    app.addHook('onClose', async () => following?.stop())
  }

  app.setValidatorCompiler(lazyValidator as never)

  const routeTable: ServedRoute[] = []
  app.decorate('routeTable', routeTable)
  app.addHook('onRoute', (route) => {
    // Fastify adds HEAD beside GET by itself, with the same configuration.
    const access = route.config?.access
    if (access === undefined)
      throw new Error(`Route ${String(route.method)} ${route.url} names no permission. Add config.access.`)
    for (const method of [route.method].flat())
      routeTable.push({
        method,
        url: route.url,
        access,
        alsoNeeds: route.config?.alsoNeeds ?? [],
        schema: (route.schema ?? {}) as ServedRoute['schema'],
      })
  })
  const gate = createLoadGate(options.loadLimits ? { limits: options.loadLimits } : {})
  metrics.collect(async () =>
    gate.state().flatMap(({ load, running, waiting, refused }) => [
      { metric: 'trivium_requests_running' as const, labels: { load }, value: running },
      { metric: 'trivium_requests_waiting' as const, labels: { load }, value: waiting },
      { metric: 'trivium_requests_shed_total' as const, labels: { load }, value: refused },
    ]),
  )
  app.addHook('onClose', async () => gate.stop())
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, allowedHosts())
    giveUpIdleBody(request, options.bodyIdleMs ?? 120_000)
    const load = request.routeOptions.config.load ?? 'normal'
    if (load === 'stream') return
    const leave = await gate.enter(load)
    // Whoever has gone while he waited takes no place.
    if (reply.raw.closed) return leave()
    reply.raw.once('finish', leave)
    reply.raw.once('close', leave)
  })
  if (options.tracer?.on) traceRequests(app, options.tracer)
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    // Else the connection of a request that was running would hold up the end of the server until it has been idle for long.
    if (closing) reply.header('connection', 'close')
    reply.header('x-request-id', request.id)
    if (!reply.hasHeader('x-content-type-options')) reply.header('x-content-type-options', 'nosniff')
    done(null, payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (accessNotes) noteAccess(accessNotes, request, reply)
    // A stream lasts as long as somebody looks, which says nothing of the server.
    if (request.routeOptions.url === streamEvents.url) return done()
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: String(reply.statusCode),
    }
    metrics.observe('trivium_http_request_duration_seconds', labels, reply.elapsedTime / 1000)
    done()
  })
  const check = async (request: FastifyRequest): Promise<void> => {
    const access = request.routeOptions.config.access
    if (access === 'public' || request.is404) return
    if (access === undefined) throw accessErrors.UNAUTHENTICATED()
    const found = await authenticator.authenticate(request.headers)
    if (!found) throw accessErrors.UNAUTHENTICATED()
    if (found.via === 'basic' && fromBrowser(request)) throw httpErrors.BASIC_FROM_BROWSER()
    if (found.via === 'session') checkOrigin(request)
    request.principal = found.principal
    if (access === 'authenticated') return
    request.scope = await scopeFor(authenticator, request, found.principal, access)
    for (const permission of request.routeOptions.config.alsoNeeds ?? []) requirePermission(request.scope, permission)
  }
  app.decorateRequest('takeQuota', async function (this: FastifyRequest) {
    const { scope, routeOptions, headers } = this
    if (!quotas || !scope || routeOptions.config.load === 'vital') return
    const bytes = Number(headers['content-length'] ?? 0)
    const stores = routeOptions.config.stores === true
    await quotas.take(scope, { bytes: Number.isSafeInteger(bytes) ? bytes : 0, stores })
  })
  app.decorateRequest('checkAgain', async function (this: FastifyRequest) {
    await check(this)
  })
  app.addHook('onRequest', check)
  if (quotas) {
    app.addHook('onRequest', async (request, reply) => {
      await request.takeQuota()
      if (request.routeOptions.config.load !== 'stream' || !request.scope || request.method === 'HEAD') return
      reply.raw.once('close', quotas.openStream(request.scope))
    })
    app.addHook('preParsing', async (request, _reply, payload) => countBody(quotas, request, payload))
  }
  // Here, not earlier: only what a hook calls `done` in runs within.
  app.addHook('preHandler', (request, _reply, done) => {
    const under = request.scope && breakGlassOf(request.scope.principal, request.scope.project)
    if (under) actingUnder.run(under, done)
    else done()
  })
  app.setErrorHandler((error: FastifyError, request, reply) => sendProblem(error, request, reply))
  app.setNotFoundHandler({}, (request, reply) =>
    sendProblem(httpErrors.ROUTE_NOT_FOUND(request.method, request.url.split('?')[0] ?? ''), request, reply),
  )
  return app
}

async function scopeFor(
  authenticator: Authenticator,
  request: FastifyRequest,
  principal: Principal,
  permission: Permission,
): Promise<Scope> {
  const named = (request.params as { project?: string } | undefined)?.project
  const project = named ?? (permission === 'instance:admin' ? '*' : principal.homeProject)
  if (project === '*') {
    if (principal.grants.get('*')?.has(permission) !== true) throw accessErrors.FORBIDDEN(permission, 'all projects')
    return authorize(principal, principal.homeProject, 'project:read')
  }
  const scope = authorize(principal, project, permission)
  if (!(await authenticator.projectExists(project))) throw accessErrors.PROJECT_NOT_FOUND(project)
  return scope
}

/** Whoever begins a body and says no more would else keep his place for ever. */
function giveUpIdleBody({ raw }: FastifyRequest, idleMs: number): void {
  const { socket, headers } = raw
  const length = headers['transfer-encoding'] ?? headers['content-length'] ?? '0'
  if (length === '0' || !(socket instanceof Socket)) return
  setImmediate(() => {
    // It came with its head, as small ones do.
    if (raw.complete || raw.destroyed) return
    socket.setTimeout(idleMs)
    const done = (): void => {
      // Whoever has set another one meanwhile keeps it.
      if (socket.timeout === idleMs) socket.setTimeout(0)
    }
    raw.once('end', done)
    raw.once('close', done)
  })
}

function checkHost(request: FastifyRequest, allowed: ReadonlySet<string>): void {
  // Node takes the first; a proxy before us may have taken the other.
  const names = request.raw.rawHeaders
  let hosts = 0
  for (let at = 0; at < names.length; at += 2) if (names[at]?.toLowerCase() === 'host') hosts += 1
  if (hosts > 1) throw httpErrors.BAD_REQUEST('The request names its host more than once.')
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
  if (!allowed.has(host)) throw httpErrors.BAD_HOST(host)
}

const fromBrowser = (request: FastifyRequest): boolean =>
  request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined

function checkOrigin(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const site = headerText(request.headers['sec-fetch-site'])
  const origin = headerText(request.headers.origin)
  if (
    (origin !== undefined && isOwnOrigin(origin, request.headers.host)) ||
    (origin === undefined && site === 'same-origin')
  )
    return
  throw httpErrors.BAD_ORIGIN(origin ?? site ?? 'an unknown site')
}

/** True for the origin of our own pages: the same host and port that the request came to. */
export const isOwnOrigin = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host

const headerText = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value

/** Turns whatever was thrown into an `AppError`; a bug becomes INTERNAL with nothing of its message in it. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const known = error as FastifyError
  if (known.validation)
    return new AppError(
      'HTTP.INVALID',
      400,
      summarize(known.validation.map((v) => describe(known.validationContext ?? 'request', v))),
      { errors: known.validation.slice(0, 100).map((v) => ({ path: pathOf(v), message: v.message ?? '' })) },
    )
  if (known.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new AppError(
      'HTTP.BODY_TOO_LARGE',
      413,
      'The body is larger than this route takes. Send less at once, or upload a file.',
    )
  if (typeof known.statusCode === 'number' && known.statusCode < 500)
    return new AppError('HTTP.BAD_REQUEST', known.statusCode, known.message)
  if (isTooDeep(error))
    return new AppError('HTTP.TOO_DEEP', 400, 'A value is nested too deeply to be worked on. Send flatter data.')
  // JSON can say half a character, which no address has.
  if (error instanceof URIError)
    return new AppError('HTTP.BAD_TEXT', 400, 'A text holds half a character, which no address has. Leave it out.')
  // Postgres cannot hold what JSON can: a NUL character inside a text.
  const { code } = error as { code?: unknown }
  if (code === '22021' || code === '22P05')
    return new AppError('HTTP.BAD_TEXT', 400, 'A text holds a NUL character, which cannot be stored. Leave it out.')
  // Nor are its integers as large as those of JSON; nothing that we number has come so far.
  if (code === '22003' || (code === '22P02' && /for type (bigint|integer)/.test(known.message)))
    return new AppError(
      'HTTP.OUT_OF_RANGE',
      400,
      'A number is larger than what it stands for can be. Send a smaller one.',
    )
  return new AppError(
    'INTERNAL',
    500,
    'Trivium failed to do this. The server log has the reason under this request id.',
  )
}

type Violation = NonNullable<FastifyError['validation']>[number]
const pathOf = (v: Violation): string => {
  const extra =
    v.keyword === 'additionalProperties'
      ? `/${String(v.params['additionalProperty'])}`
      : v.keyword === 'required'
        ? `/${String(v.params['missingProperty'])}`
        : ''
  return `${v.instancePath}${extra}`
}
/** The first few sentences: a body of a thousand rows can be wrong a thousand times. */
function summarize(sentences: readonly string[], shown = 5): string {
  const rest = sentences.length - shown
  return [...sentences.slice(0, shown), ...(rest > 0 ? [`And ${rest} more like these.`] : [])].join(' ')
}
function describe(context: string, v: Violation): string {
  const where = `${context}${pathOf(v).replaceAll('/', '.')}`
  if (v.keyword === 'additionalProperties') return `Unknown field ${where}.`
  if (v.keyword === 'required') return `${where} is missing.`
  return `${where} ${v.message ?? 'is wrong'}.`
}

/** Says in how many seconds it is worth to try again, where the error knows it. */
export function sayWhen({ details }: AppError, reply: FastifyReply): void {
  const seconds = details?.['retryAfter']
  if (typeof seconds === 'number' && seconds > 0) void reply.header('retry-after', String(seconds))
}

/** The error as this request is told it: who logs more than there is room for is to slow down (429), which clients that log do; it is no fault of the server. */
export function errorOfRequest(error: unknown, request: FastifyRequest): AppError {
  const { code, status, message, details } = toAppError(error)
  const isAskedToSlowDown =
    status === 503 && details?.['retryAfter'] !== undefined && request.routeOptions.config.load === 'log'
  return new AppError(code, isAskedToSlowDown ? 429 : status, message, details)
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = errorOfRequest(error, request)
  request.problemCode = problem.code
  // Thousands of lines would be more to do; the refusals are counted instead.
  if (problem.status >= 500 && problem.code !== 'HTTP.OVERLOADED')
    request.log.error({ err: error, method: request.method, url: request.url.split('?')[0] }, 'request failed')
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="trivium"')
  sayWhen(problem, reply)
  return reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(
      JSON.stringify({
        type: `https://trivium.dev/errors/${problem.code}`,
        title: problem.code.split('.').at(-1)?.toLowerCase().replaceAll('_', ' ') ?? '',
        status: problem.status,
        code: problem.code,
        detail: problem.message,
        requestId: request.id,
        ...problem.details,
      }),
    )
}
