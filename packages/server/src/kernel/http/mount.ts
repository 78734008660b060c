import type { Readable } from 'node:stream'
import { type BodyOf, type ParamsOf, type QueryOf, type ResultOf, type Route, streamEvents } from '@trivium/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal, Scope } from '../principal/index.ts'
import type { Http } from './create-http.ts'
import type { LoadClass } from './load-gate.ts'

/** What a handler gets. `scope` is there on every route that names a permission, `principal` on every route that is not public. */
export interface Call<R extends Route> {
  readonly params: ParamsOf<R>
  readonly query: QueryOf<R>
  readonly body: R['requestBody'] extends 'raw' ? Readable : BodyOf<R>
  readonly scope: Scope
  readonly principal: Principal
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** A route that takes bytes keeps them. Files are read by streaming, which holds nobody up. */
function loadOf({ url, load, requestBody }: Route): { load?: LoadClass | 'stream'; stores?: true } {
  if (url === streamEvents.url) return { load: 'stream' }
  if (requestBody === 'raw') return { load: 'upload', stores: true }
  return load === undefined ? {} : { load }
}

/** Serves a contract route: validation, permission and the answer's schema come from the contract, the work from `handler`. Raw routes answer through `reply` and return it. */
export function mount<const R extends Route>(
  app: Http,
  route: R,
  status: number,
  handler: (call: Call<R>) => Promise<R['responseBody'] extends 'raw' ? FastifyReply | undefined : ResultOf<R>>,
): void {
  const { params, query, body, response } = route.schema
  const raw = route.requestBody === 'raw'
  const add = (target: Http): void => {
    target.route({
      method: route.method,
      url: route.url,
      config: {
        access: route.permission,
        ...(route.alsoNeeds ? { alsoNeeds: route.alsoNeeds } : {}),
        ...(route.sensitive ? { sensitive: route.sensitive } : {}),
        ...loadOf(route),
      },
      ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
      schema: {
        operationId: route.schema.operationId,
        summary: route.schema.summary,
        ...(params ? { params } : {}),
        ...(query ? { querystring: query } : {}),
        ...(body && !raw ? { body } : {}),
        response: route.responseBody === 'raw' ? {} : response,
      },
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const call = {
          params: request.params,
          query: request.query,
          body: request.body,
          scope: request.scope,
          principal: request.principal,
          request,
          reply,
        }
        const result = await handler(call as unknown as Call<R>)
        if (route.responseBody === 'raw') return reply
        return reply.status(status).send(result ?? null)
      },
    } as never)
  }
  if (!raw) add(app)
  else {
    // The stream goes to the handler untouched; no parser and no size limit but the handler's own.
    void app.register(async (streaming) => {
      streaming.removeAllContentTypeParsers()
      streaming.addContentTypeParser(
        '*',
        (_request: FastifyRequest, payload: Readable, done: (error: null, body: Readable) => void) =>
          done(null, payload),
      )
      add(streaming as Http)
    })
  }
}
