import type { FastifyRequest } from 'fastify'
import { readTraceparent, type Span, type Tracer } from '../telemetry/index.ts'
import type { Http } from './create-http.ts'

/** Makes each request a span, child of the caller's where the header `traceparent` names one. */
export function traceRequests(app: Http, tracer: Tracer): void {
  const spans = new WeakMap<FastifyRequest, Span>()
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const span = tracer.begin(
      `${request.method} ${route}`,
      'server',
      { 'http.request.method': request.method, 'http.route': route, 'trivium.request_id': request.id },
      readTraceparent(request.headers['traceparent']),
    )
    spans.set(request, span)
    span.within(done)
  })
  // A body arrives by the connection, which knows nothing of the request.
  app.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request)
    if (span) span.within(done)
    else done()
  })
  app.addHook('onResponse', async (request, reply) => {
    const status = reply.statusCode
    spans.get(request)?.end({ 'http.response.status_code': status }, status >= 500 ? request.problemCode : undefined)
  })
}
