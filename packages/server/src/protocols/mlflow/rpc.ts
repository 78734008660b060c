import type { Permission, RouteLoad } from '@trivium/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Http } from '../../kernel/http/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { Args, type Loose } from './args.ts'

/** One call of a client. */
export interface RpcCall {
  readonly args: Args
  readonly scope: Scope
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

type Handler = (call: RpcCall) => Promise<unknown>

/** Every call of an application by method and path, for what answers the same question in another form. */
const calls = new WeakMap<Http, Map<string, { permission: Permission; handler: Handler }>>()

export function callNamed(app: Http, name: string): { readonly permission: Permission; readonly handler: Handler } {
  const found = calls.get(app)?.get(name)
  if (!found) throw new Error(`No call is named ${name}.`)
  return found
}

export const prefixes = ['/api/2.0/mlflow', '/api/3.0/mlflow', '/ajax-api/2.0/mlflow', '/ajax-api/3.0/mlflow'] as const

/** Serves one of MLflow's calls under all its prefixes. What the handler returns is the JSON answer; bytes are JSON already; undefined is `{}`. */
export function rpc(
  app: Http,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | readonly ('GET' | 'POST')[],
  path: string,
  permission: Permission,
  handler: Handler,
  options: { bodyLimit?: number; load?: RouteLoad; prefixes?: readonly string[]; sensitive?: 'export' } = {},
): void {
  const known = calls.get(app) ?? new Map<string, { permission: Permission; handler: Handler }>()
  calls.set(app, known)
  for (const one of [method].flat()) known.set(`${one} ${path}`, { permission, handler })
  for (const prefix of options.prefixes ?? prefixes) {
    app.route({
      method: method as 'GET',
      url: `${prefix}/${path}`,
      config: {
        access: permission,
        homeProject: true,
        load: options.load ?? loadOf(path),
        ...(options.sensitive ? { sensitive: options.sensitive } : {}),
      },
      ...(options.bodyLimit === undefined ? {} : { bodyLimit: options.bodyLimit }),
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const fields = { ...(request.query as Loose), ...bodyOf(request.body), ...(request.params as Loose) }
        const answer = await handler({ args: new Args(fields), scope: request.scope as Scope, request, reply })
        void reply.header('content-type', 'application/json')
        if (answer instanceof Uint8Array)
          return reply.send(Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength))
        return reply.send(JSON.stringify(answer ?? {}))
      },
    } as never)
  }
}

/** What clients log is taken in whatever else there is to do; what searches waits its turn. */
function loadOf(path: string): RouteLoad {
  if (/^runs\/(log-metric|log-parameter|set-tag)$/.test(path)) return 'log'
  return /(^|\/)(search|search-datasets|traces\/metrics|get-history\S*)$/.test(path) ? 'heavy' : 'normal'
}

function bodyOf(body: unknown): Loose {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Loose) : {}
}
