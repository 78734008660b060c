import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as contract from '@trivium/contract'
import type { FastifyReply } from 'fastify'
import type { Pipelines } from './capabilities/pipelines/index.ts'
import type { Serving } from './capabilities/serving/index.ts'
import { type Http, mount } from './kernel/http/index.ts'
import type { Kernel } from './kernel/kernel.ts'
import type { Principal } from './kernel/principal/index.ts'
import { readServers, readStatus } from './read-status.ts'
import { uiRoutes } from './ui-routes.ts'

export const programVersion: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version

function worst(states: readonly contract.StatusFinding['state'][]): contract.StatusFinding['state'] {
  return states.includes('failed') ? 'failed' : states.includes('warning') ? 'warning' : 'ok'
}

const metricsTypes = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** What answers without a token: health, the OpenAPI document and the UI's files; and, for those who may, figures and the state of the server. */
export function systemRoutes(
  app: Http,
  kernel: Kernel,
  { serving, pipelines }: { serving: Serving; pipelines: Pipelines },
): void {
  const { roles } = kernel.replicas
  const anyone = { access: 'public' as const }
  const vital = { ...anyone, load: 'vital' as const }
  app.get('/healthz', { config: vital }, async () => ({ status: 'alive' }))
  app.get('/health', { config: vital }, async (_request, reply: FastifyReply) => reply.type('text/plain').send('OK'))
  app.get('/readyz', { config: vital }, async (_request, reply: FastifyReply) => {
    // A gateway alone needs no database to answer.
    if (roles.size === 1 && roles.has('gateway'))
      return serving.gatewayAddress() ? { status: 'ready' } : reply.status(503).send({ status: 'the gateway starts' })
    try {
      await kernel.events.head(kernel.db.read)
      return { status: 'ready' }
    } catch {
      return reply.status(503).send({ status: 'the database does not answer' })
    }
  })
  app.get('/metrics', { config: { access: 'metrics:read', load: 'vital' } }, async (request, reply: FastifyReply) => {
    const format = String(request.headers.accept).includes('application/openmetrics-text')
      ? 'openmetrics'
      : 'prometheus'
    return reply
      .type(metricsTypes[format])
      .send(await kernel.metrics.render(request.scope?.principal as Principal, format))
  })
  kernel.metrics.collect(async () => [{ metric: 'trivium_info', labels: { version: programVersion }, value: 1 }])
  mount(app, contract.getStatus, 200, async ({ principal }) => {
    const findings = await readStatus(kernel, { serving, pipelines }, principal)
    const state = worst(findings.map((one) => one.state))
    return {
      state,
      version: programVersion,
      startedAt: Math.round(performance.timeOrigin),
      findings,
      servers: await readServers(kernel),
    }
  })

  if (!roles.has('api')) return
  let document: Record<string, unknown> | undefined
  app.get('/api/v1/openapi.json', { config: anyone }, async () => {
    document ??= contract.openApiOf((Object.values(contract) as unknown[]).filter(contract.isRoute), programVersion)
    return document
  })

  uiRoutes(app, join(import.meta.dirname, '../../web/dist'))
}
