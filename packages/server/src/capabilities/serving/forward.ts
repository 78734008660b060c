import { Agent, type IncomingHttpHeaders, request as sendRequest } from 'node:http'
import { Agent as SecureAgent, request as sendSecureRequest } from 'node:https'
import { pipeline, type Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../kernel/errors/index.ts'
import { type Authenticator, dropRest, type Http, toAppError } from '../../kernel/http/index.ts'
import { traceparent } from '../../kernel/telemetry/index.ts'
import { accessErrors } from '../../kernel/principal/index.ts'
import { servingErrors } from './errors.ts'
import type { GatewayAddress } from './gateway/peer-gateways.ts'
import type { Serving } from './serving.ts'

/** Headers that belong to one connection and are not passed on. */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'expect',
])

/** Connections end here so long before the gateway ends them for idleness: else one ends just as a late main sends a request on it. */
const idleBufferMs = 30_000

/**
 * Passes the inference routes on to the gateway, so that one port is enough to begin with. The gateway authenticates; these routes are public here only
 * in that main does not look at the token twice. Without a gateway main itself says what is missing, to those who may know.
 */
export function forwardRoutes(app: Http, serving: Serving, authenticator: Authenticator): void {
  const options = { keepAlive: true, maxSockets: 256, agentKeepAliveTimeoutBuffer: idleBufferMs }
  const agent = new Agent(options)
  const secureAgent = new SecureAgent(options)
  app.addHook('onClose', async () => {
    agent.destroy()
    secureAgent.destroy()
  })
  void app.register(async (streaming) => {
    streaming.removeAllContentTypeParsers()
    streaming.addContentTypeParser(
      '*',
      (_request: FastifyRequest, payload: Readable, done: (error: null, body: Readable) => void) => done(null, payload),
    )
    const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const address = serving.forwardAddress()
      if (address) return forward(address.secure ? secureAgent : agent, address, request, reply)
      return sayWhatIsMissing(serving, authenticator, request, reply)
    }
    const add = (method: 'GET' | 'POST', url: string): void => {
      streaming.route({ method, url, config: { access: 'public' }, bodyLimit: Number.MAX_SAFE_INTEGER, handler })
    }
    for (const url of ['/v2', '/v2/*']) {
      add('GET', url)
      add('POST', url)
    }
    for (const url of ['/deployments/:deployment/predict', '/deployments/:deployment/invocations', '/invocations'])
      add('POST', url)
  })
}

function forward(
  agent: Agent,
  { host, port, secure }: GatewayAddress,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.hijack()
  const { raw: answer } = reply
  const headers: IncomingHttpHeaders = {}
  for (const [name, value] of Object.entries(request.raw.headers)) if (!ofConnection.has(name)) headers[name] = value
  headers['x-request-id'] = request.id
  const span = traceparent()
  if (span) headers['traceparent'] = span
  const passed = (secure ? sendSecureRequest : sendRequest)(
    { agent, host, port, method: request.method, path: request.raw.url, headers },
    (received) => {
      const answered: Record<string, string | string[]> = {}
      for (const [name, value] of Object.entries(received.headers))
        if (!ofConnection.has(name) && value !== undefined) answered[name] = value
      answer.writeHead(received.statusCode ?? 502, answered)
      // A gateway that ends in the middle of its answer ends the answer too.
      pipeline(received, answer, () => {})
    },
  )
  passed.on('error', () => {
    // An answer that has come is passed on to its end, though the gateway did not want the rest of the body.
    if (!answer.headersSent) sendError(answer, request, servingErrors.STARTING())
  })
  passed.on('close', () => void dropRest(request.raw))
  answer.on('close', () => {
    if (!answer.writableFinished) passed.destroy()
  })
  request.raw.pipe(passed)
  return reply
}

/** Nobody answers: 401 for strangers, 404 where there is nothing, 503 while the gateway starts. */
async function sayWhatIsMissing(
  serving: Serving,
  authenticator: Authenticator,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.hijack()
  request.raw.resume()
  try {
    const found = await authenticator.authenticate(request.headers)
    if (!found) throw accessErrors.UNAUTHENTICATED()
    const names = await serving.names(found.principal.homeProject)
    throw names.length === 0 ? servingErrors.NO_DEPLOYMENT(found.principal.homeProject) : servingErrors.STARTING()
  } catch (error) {
    // Nobody else answers what was taken over.
    const problem = toAppError(error)
    if (problem.status >= 500 && !(error instanceof AppError)) request.log.error({ err: error }, 'request failed')
    sendError(reply.raw, request, problem)
  }
  return reply
}

/** In the form of the protocol that was asked: V2 has its own. */
function sendError(answer: FastifyReply['raw'], request: FastifyRequest, { status, code, message }: AppError): void {
  const v2 = request.url === '/v2' || request.url.startsWith('/v2/')
  const body = v2
    ? { error: message }
    : {
        type: `https://trivium.dev/errors/${code}`,
        title: code.split('.').at(-1)?.toLowerCase().replaceAll('_', ' ') ?? '',
        status,
        code,
        detail: message,
        requestId: request.id,
      }
  answer.writeHead(status, {
    'content-type': v2 ? 'application/json' : 'application/problem+json',
    'x-request-id': request.id,
    ...(status === 503 ? { 'retry-after': '1' } : {}),
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="trivium"' } : {}),
  })
  answer.end(JSON.stringify(body))
}
