import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access, People } from '../../capabilities/access/index.ts'
import type { Registry } from '../../capabilities/registry/index.ts'
import type { Uploads } from '../../capabilities/storage/index.ts'
import type { Traces } from '../../capabilities/traces/index.ts'
import type { Tracking } from '../../capabilities/tracking/index.ts'
import type { Webhooks } from '../../capabilities/webhooks/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import { accessErrors, authorize } from '../../kernel/principal/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { absentCalls } from './absent.ts'
import { accountCalls } from './accounts.ts'
import { artifactCalls } from './artifacts.ts'
import { mlflowErrors, sendMlflowError } from './errors.ts'
import { evaluationDatasetCalls } from './evaluation-datasets.ts'
import { experimentCalls } from './experiments.ts'
import { graphqlCalls } from './graphql.ts'
import { loggedModelCalls } from './logged-models.ts'
import { metricCalls } from './metrics.ts'
import { registryCalls } from './registered-models.ts'
import { otlpTraces } from './otlp-traces.ts'
import { runCalls } from './runs.ts'
import { scorerCalls } from './scorers.ts'
import { serverCalls } from './server.ts'
import { traceMetricCalls } from './trace-metrics.ts'
import { traceCalls } from './traces.ts'
import { singleFileCalls } from './single-files.ts'
import { webhookCalls } from './webhooks.ts'
import { workspaceCalls } from './workspaces.ts'

export interface MlflowDeps {
  readonly kernel: Pick<Kernel, 'db' | 'config' | 'clock'>
  readonly access: Pick<Access, 'projectExists' | 'createProject'>
  readonly people: People
  readonly tracking: Tracking
  readonly traces: Traces
  readonly registry: Registry
  readonly uploads: Uploads
  readonly webhooks: Webhooks
}

export { mlflowMessage } from './webhook-message.ts'

/**
 * MLflow's REST API 2.0 and 3.0 for unmodified clients. A call acts in the project of its token; the header `X-MLFLOW-WORKSPACE` names another one
 * that the caller may see. Errors have MLflow's form and words.
 */
export function mlflowRoutes(app: Http, deps: MlflowDeps): void {
  void app.register(async (plugin: Http) => {
    plugin.setErrorHandler(sendMlflowError)
    acceptBodies(plugin)
    plugin.addHook('preHandler', async (request: FastifyRequest) => {
      const workspace = request.headers['x-mlflow-workspace']
      const permission = request.routeOptions.config.access
      if (
        typeof workspace !== 'string' ||
        !request.principal ||
        permission === undefined ||
        permission === 'public' ||
        permission === 'authenticated'
      )
        return
      const scope = authorize(request.principal, workspace, permission)
      if (!(await deps.access.projectExists(workspace))) throw accessErrors.PROJECT_NOT_FOUND(workspace)
      request.scope = scope
      await request.takeQuota()
    })
    experimentCalls(plugin, deps.tracking, deps.kernel)
    runCalls(plugin, deps.tracking, deps.kernel)
    metricCalls(plugin, deps.tracking, deps.kernel)
    loggedModelCalls(plugin, deps.tracking, deps.kernel, (scope, id) => deps.registry.registrationsOf(scope, id))
    registryCalls(plugin, deps.registry)
    artifactCalls(plugin, deps.tracking, deps.registry, deps.uploads, deps.traces.files)
    singleFileCalls(plugin, deps.tracking, deps.registry, deps.traces)
    traceCalls(plugin, deps.traces, deps.kernel)
    traceMetricCalls(plugin, deps.traces)
    scorerCalls(plugin, deps.traces.scorers)
    evaluationDatasetCalls(plugin, deps.traces.sets)
    otlpTraces(plugin, deps.traces)
    webhookCalls(plugin, deps.webhooks)
    graphqlCalls(plugin)
    workspaceCalls(plugin, deps.access, deps.kernel)
    accountCalls(plugin, deps.people, deps.kernel)
    absentCalls(plugin)
    serverCalls(plugin, { direct: deps.kernel.config.storageLinks && deps.kernel.config.storageUrl.startsWith('s3:') })
  })
}

/** JSON bodies, also doubly encoded as old clients send them; an empty body is no fields. */
function acceptBodies(plugin: Http): void {
  plugin.removeAllContentTypeParsers()
  plugin.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    (_request: FastifyRequest, body: string, done: (error: Error | null, value?: unknown) => void) => {
      if (body.trim() === '') return done(null, {})
      try {
        const value: unknown = JSON.parse(body)
        return done(null, typeof value === 'string' ? JSON.parse(value) : value)
      } catch {
        return done(mlflowErrors.NOT_JSON())
      }
    },
  )
  plugin.addContentTypeParser(
    '*',
    { parseAs: 'string' },
    (request: FastifyRequest, body: string, done: (error: Error | null, value?: unknown) => void) => {
      if (body === '') return done(null, {})
      return done(mlflowErrors.WRONG_CONTENT_TYPE(String(request.headers['content-type'])))
    },
  )
  plugin.addHook('preValidation', async (request: FastifyRequest, _reply: FastifyReply) => {
    if (
      request.method === 'POST' &&
      request.headers['content-type'] === undefined &&
      Number(request.headers['content-length'] ?? 0) > 0
    )
      throw mlflowErrors.NO_CONTENT_TYPE()
  })
}
