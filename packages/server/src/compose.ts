import { join } from 'node:path'
import {
  type Access,
  accountData,
  type AccessLog,
  accessLogRoutes,
  createPermissions,
  permissionRoutes,
  type Permissions,
  accessRoutes,
  createAccess,
  createAccessLog,
  createPeople,
  peopleWith,
  createSignIn,
  signInRoutes,
} from './capabilities/access/index.ts'
import {
  createDatasets,
  type Datasets,
  datasetRoutes,
  dataSheetRoutes,
  validateStep,
} from './capabilities/datasets/index.ts'
import { createEvaluations, type Evaluations, evaluateStep, evaluationRoutes } from './capabilities/evaluation/index.ts'
import { createFeatures, type Features, featureRoutes, featuresStep } from './capabilities/features/index.ts'
import { createInbox, decisionSteps, followBreakGlass, type Inbox, inboxRoutes } from './capabilities/inbox/index.ts'
import { createLineage, type Lineage, lineageRoutes } from './capabilities/lineage/index.ts'
import {
  createModelFacts,
  createMonitoring,
  type Monitoring,
  monitoringRoutes,
} from './capabilities/monitoring/index.ts'
import { createOperations, type Operations, operationRoutes } from './capabilities/operations/index.ts'
import { createOutcomes, type Outcomes, outcomeRoutes, resolvePrediction } from './capabilities/outcomes/index.ts'
import { createPipelines, type Pipelines, pipelineRoutes } from './capabilities/pipelines/index.ts'
import {
  approveStep,
  createRegistry,
  gateStep,
  heldByVersions,
  parityStep,
  type Registry,
  registerStep,
  registryRoutes,
} from './capabilities/registry/index.ts'
import {
  createModelUse,
  createServing,
  deployStep,
  forwardRoutes,
  type ModelUse,
  modelUseRoutes,
  type Serving,
  servingRoutes,
} from './capabilities/serving/index.ts'
import {
  createSecrets,
  createVaultKeys,
  maskRunCalls,
  secretRoutes,
  type Secrets,
} from './capabilities/secrets/index.ts'
import { createQuotas, quotaRoutes, type Quotas } from './capabilities/quotas/index.ts'
import {
  connectionRoutes,
  type Connections,
  createConnections,
  type KnownConnection,
  originOf,
} from './capabilities/connections/index.ts'
import {
  type ContentPlaceChoices,
  contentPlaceRoutes,
  createContentPlaces,
  createStorage,
  createUploads,
  storageRoutes,
  type StorageView,
  uploadRoutes,
  type Uploads,
} from './capabilities/storage/index.ts'
import { createTraces, traceRoutes, type Traces, traceSubjects } from './capabilities/traces/index.ts'
import { createSubjectRequests, type SubjectRequests, subjectRoutes } from './capabilities/subjects/index.ts'
import { createImports, importRoutes, type Imports } from './capabilities/imports/index.ts'
import { createReports, reportRoutes, type Reports, runsInReports } from './capabilities/reports/index.ts'
import {
  createExploration,
  explorationRoutes,
  type Exploration,
  runsOfIdeas,
} from './capabilities/exploration/index.ts'
import {
  createMetricArchive,
  createRunReads,
  createTracking,
  archivePolicyRoutes,
  type ArchivePolicies,
  createArchivePolicies,
  createTrash,
  resolveDatasetsWith,
  type MetricArchive,
  metricRoutes,
  type Tracking,
  type Trash,
  runRoutes,
  trackingRoutes,
  trashRoutes,
} from './capabilities/tracking/index.ts'
import { createEnvironmentBuilder } from './drivers/environment-uv/index.ts'
import { closureFinder, createLocalExecutor } from './drivers/python-runner/index.ts'
import { createOnlineSqlite } from './drivers/online-sqlite/online-sqlite.ts'
import { inheritedEnvironment } from './kernel/config/index.ts'
import { eventRoutes } from './kernel/events/event-routes.ts'
import { createHttp, type Http, listenerOptions, type loadLimits } from './kernel/http/index.ts'
import type { Kernel } from './kernel/kernel.ts'
import type { SubjectData, SubjectTexts } from './kernel/ports/index.ts'
import type { Scope } from './kernel/principal/index.ts'
import { createWebhooks, webhookRoutes, type Webhooks } from './capabilities/webhooks/index.ts'
import { mlflowMessage, mlflowRoutes } from './protocols/mlflow/index.ts'
import { subjectTexts } from './subject-texts.ts'
import { programVersion, systemRoutes } from './system-routes.ts'

/** Every capability of the running program, by its noun. Lower floors first; a capability gets the ones below it as arguments. */
export interface Capabilities {
  readonly access: Access
  readonly permissions: Permissions
  readonly storage: StorageView
  readonly contentPlaces: ContentPlaceChoices
  readonly uploads: Uploads
  readonly secrets: Secrets
  readonly accessLog: AccessLog
  readonly quotas: Quotas
  readonly connections: Connections
  readonly inbox: Inbox
  readonly lineage: Lineage
  readonly webhooks: Webhooks
  readonly subjects: SubjectRequests
  readonly datasets: Datasets
  readonly tracking: Tracking
  readonly traces: Traces
  readonly trash: Trash
  readonly archivePolicies: ArchivePolicies
  readonly metricArchive: MetricArchive
  readonly features: Features
  readonly outcomes: Outcomes
  readonly evaluations: Evaluations
  readonly pipelines: Pipelines
  readonly registry: Registry
  readonly imports: Imports
  readonly exploration: Exploration
  readonly reports: Reports
  readonly serving: Serving
  readonly modelUse: ModelUse
  readonly monitoring: Monitoring
  readonly operations: Operations
  /** What each of them holds about a person, in the order in which it is shown. */
  readonly subjectData: readonly SubjectData[]
  /** The texts of each of them, which an erasure searches for the names of a person. */
  readonly subjectTexts: readonly SubjectTexts[]
}

/** Builds the capabilities and tells the kernel what they follow and work on; starts nothing. */
export function composeCapabilities(
  kernel: Kernel,
  /** How many people may bring code; without it as many as hold `code:execute`. */
  codePeople: () => Promise<number> = async () =>
    (await peopleWith(kernel.db.read, 'code:execute', kernel.clock())).length,
): Capabilities {
  const storage = createStorage(kernel)
  const contentPlaces = createContentPlaces(kernel)
  const access = createAccess(kernel)
  const permissions = createPermissions(kernel)
  const accessLog = createAccessLog(kernel)
  const quotas = createQuotas(kernel)
  const uploads = createUploads(kernel, quotas)
  const secrets = createSecrets(kernel, { notes: accessLog })
  const inbox = createInbox(kernel)
  followBreakGlass(kernel, inbox)
  const lineage = createLineage(kernel)
  const webhooks = createWebhooks(kernel, mlflowMessage)
  const connections = createConnections(kernel)
  connections.addSource(() => webhookConnections(webhooks))
  connections.addSource(() => placeConnections(contentPlaces))
  connections.addSource(async () => [packageIndex])
  const datasets = createDatasets(kernel)
  const tracking = createTracking(kernel, { resolveDataset: resolveDatasetsWith(datasets) })
  const trash = createTrash(kernel, {
    runs: (project, ids) => heldByVersions(kernel.db, project, 'run_id', ids),
    loggedModels: (project, ids) => heldByVersions(kernel.db, project, 'logged_model_id', ids),
  })
  const metricArchive = createMetricArchive(kernel)
  const archivePolicies = createArchivePolicies(kernel, {
    model: (project, ids) => heldByVersions(kernel.db, project, 'run_id', ids),
    cited: async (project, ids) =>
      new Map([...(await runsOfIdeas(kernel.db, project, ids)), ...(await runsInReports(kernel.db, project, ids))]),
  })
  const traces = createTraces({ ...kernel, ...tracking })
  const features = createFeatures({
    ...kernel,
    online: createOnlineSqlite({ directory: join(kernel.paths.data, 'online') }),
  })
  const outcomes = createOutcomes({
    ...kernel,
    deploymentExists: async (project, deployment) => (await serving.names(project)).includes(deployment),
  })
  const pipelines = composePipelines(kernel, { access, datasets, features, secrets, quotas }, codePeople)
  for (const kind of decisionSteps(kernel, inbox)) pipelines.registerStepKind(kind)
  const evaluations = createEvaluations(kernel, { datasets, lineage })
  pipelines.registerStepKind(evaluateStep(evaluations))
  const registry = createRegistry(kernel, { inbox, pipelines, lineage, tracking, datasets, outcomes })
  pipelines.registerModels(registry)
  for (const kind of [registerStep(registry), parityStep(registry), gateStep(registry), approveStep(registry)])
    pipelines.registerStepKind(kind)
  const serving = createServing({
    kernel,
    models: registry,
    views: features,
    parts: { registry, pipelines },
    tokens: () => access.tokenSnapshot(),
    program: programVersion,
  })
  pipelines.registerStepKind(deployStep(serving, registry))
  const exploration = createExploration({ ...kernel, tracking, registry })
  const modelUse = createModelUse({ ...kernel, registry, outcomes, callers: serving.callers })
  const monitoring = createMonitoring(kernel, {
    outcomes,
    facts: createModelFacts({ tables: kernel.tables, datasets, registry, evaluations, lineage }),
    currentRelease: (scope, deployment) => currentRelease(serving, scope, deployment),
    cadences: (scope) => pipelines.cadences(scope),
  })
  lineage.addResolver('prediction', resolvePrediction(outcomes, monitoring.windowsOf))
  const operations = createOperations(kernel, { inbox, lineage })
  const subjectData: readonly SubjectData[] = [
    datasets.subjects,
    features.subjects,
    outcomes.subjects,
    traceSubjects(kernel),
  ]
  const accounts = accountData(kernel)
  const subjects = createSubjectRequests(kernel, {
    lineage,
    data: subjectData,
    texts: subjectTexts,
    accounts,
    mayErase: accounts.mayErase,
  })
  return {
    access,
    permissions,
    storage,
    contentPlaces,
    uploads,
    secrets,
    accessLog,
    quotas,
    connections,
    inbox,
    lineage,
    webhooks,
    subjects,
    datasets,
    tracking,
    traces,
    trash,
    archivePolicies,
    metricArchive,
    features,
    outcomes,
    evaluations,
    pipelines,
    registry,
    imports: createImports(kernel),
    exploration,
    reports: createReports({ ...kernel, tracking, exploration, reads: createRunReads(kernel, tracking) }),
    serving,
    modelUse,
    monitoring,
    operations,
    subjectData,
    subjectTexts,
  }
}

/** A connection for each host that webhooks post to. */
async function webhookConnections(webhooks: Webhooks): Promise<KnownConnection[]> {
  const receivers = await webhooks.receivers()
  return receivers.map(({ origin, webhooks: count, projects }) => ({
    name: `webhooks@${new URL(origin).host}`,
    purpose: 'Is told of events by webhooks',
    address: origin,
    through: 'egress',
    tls: origin.startsWith('https:') ? 'yes' : 'no',
    settings: [],
    credentials: 'the signing secret of each webhook, in the vault',
    uses: `${count} ${count === 1 ? 'webhook' : 'webhooks'} in ${projects} ${projects === 1 ? 'project' : 'projects'}`,
    egress: { connection: 'webhooks', url: origin },
    test: () => webhooks.reach(origin),
  }))
}

/** A connection for each host where projects keep content. */
async function placeConnections(places: ContentPlaceChoices): Promise<KnownConnection[]> {
  const connection = 'content-places' as const
  return (await places.hosts()).map(({ host, address, projects, reach }) => {
    const { protocol, searchParams } = new URL(address)
    return {
      name: `${connection}@${host}`,
      purpose: 'Content that projects keep in places of their own',
      address: `${protocol}//${host}`,
      through: 'egress',
      tls: protocol === 'http:' || searchParams.get('sslmode') === 'disable' ? 'no' : 'yes',
      settings: [],
      credentials: 'those of each project, in the vault',
      uses: `${projects} ${projects === 1 ? 'project' : 'projects'}`,
      egress: { connection, url: `${protocol === 'http:' ? 'http' : 'https'}://${host}` },
      test: reach,
    }
  })
}

/** uv calls it, with the settings of pip and uv on this machine, while it builds an environment. */
const packageIndex: KnownConnection = {
  name: 'package-index',
  purpose: 'Python packages of the environments that steps name by a lock file',
  address: packageIndexAddress(inheritedEnvironment()),
  through: 'program',
  tls: 'unknown',
  settings: [],
  untested: 'uv reaches it while it builds an environment; the log of the step says how that went.',
}

function packageIndexAddress(env: Readonly<Record<string, string>>): string {
  const url = env['UV_DEFAULT_INDEX'] ?? env['UV_INDEX_URL'] ?? env['PIP_INDEX_URL']
  return url === undefined ? 'as pip and uv are set up on this machine' : originOf(url)
}

/** What a deployment points to, where it exists. */
async function currentRelease(
  serving: Serving,
  scope: Scope,
  deployment: string,
): Promise<{ release: string; model: string; version: number } | undefined> {
  if (!(await serving.names(scope.project)).includes(deployment)) return undefined
  const active = (await serving.releases(scope, deployment)).find((release) => release.active)
  return active && { release: active.id, model: active.manifest.model, version: active.manifest.version }
}

/** The pipelines with what runs their code on this machine, and every kind of step that a capability has. */
function composePipelines(
  kernel: Kernel,
  {
    access,
    datasets,
    features,
    secrets,
    quotas,
  }: Pick<Capabilities, 'access' | 'datasets' | 'features' | 'secrets' | 'quotas'>,
  codePeople: () => Promise<number>,
): Pipelines {
  const env = inheritedEnvironment()
  const builder = createEnvironmentBuilder({
    root: join(kernel.paths.data, 'environments'),
    prebuilt: join(kernel.paths.data, 'environments.json'),
    python: kernel.config.python,
    wheelsOnly: kernel.config.codeExecution === 'contained',
    env,
  })
  const environments: typeof builder = {
    ...builder,
    build: async (lock, log, signal) => {
      let reached = false
      const note = (failure: string | null): void => {
        // An environment that is there already says nothing, and reaches nothing.
        if (reached && lock !== undefined) kernel.connectionUses.note(packageIndex.name, { failure })
      }
      try {
        const built = await builder.build(
          lock,
          (line) => {
            reached = true
            log(line)
          },
          signal,
        )
        note(null)
        return built
      } catch (error) {
        // The words of uv may hold the address with its credentials; they stay in the log of the step.
        note('An environment could not be built; the log of its step says why.')
        throw error
      }
    },
  }
  const python = async () => (await environments.build(undefined, () => {})).python
  const pipelines = createPipelines(kernel, {
    access,
    datasets,
    secrets,
    quotas,
    environments,
    executor: createLocalExecutor({
      env,
      python,
      policy: {
        codeExecution: kernel.config.codeExecution,
        people: codePeople,
      },
      data: kernel.paths.data,
      reads: kernel.config.codeReads.split(',').flatMap((path) => (path.trim() === '' ? [] : [path.trim()])),
    }),
    findClosure: closureFinder({ python, env }),
  })
  pipelines.registerStepKind(validateStep({ datasets, tables: kernel.tables }))
  pipelines.registerStepKind(featuresStep({ ...kernel, features, datasets }))
  return pipelines
}

/** Builds the HTTP side: every capability's routes and the wire protocols. */
export function composeHttp(
  kernel: Kernel,
  capabilities: Capabilities,
  options: { allowedHosts: () => ReadonlySet<string>; loadLimits?: typeof loadLimits },
): Http {
  const app = createHttp({
    authenticator: capabilities.access,
    logger: kernel.logger,
    metrics: kernel.metrics,
    tracer: kernel.tracing.tracer,
    accessNotes: capabilities.accessLog,
    quotas: capabilities.quotas,
    bodyLimit: kernel.config.bodyLimit,
    allowedHosts: options.allowedHosts,
    ...(options.loadLimits ? { loadLimits: options.loadLimits } : {}),
    ...listenerOptions(kernel.config),
  })
  maskRunCalls(app, capabilities.secrets)
  systemRoutes(app, kernel, capabilities)
  // Without that role a server answers of its health, and passes predictions on.
  if (!kernel.replicas.roles.has('api')) {
    forwardRoutes(app, capabilities.serving, capabilities.access)
    return app
  }
  eventRoutes(app, kernel)
  const people = createPeople(kernel, capabilities.access)
  accessRoutes(app, {
    access: capabilities.access,
    people,
    db: kernel.db,
    version: programVersion,
  })
  signInRoutes(app, {
    access: capabilities.access,
    signIn: createSignIn(kernel, capabilities.access),
    db: kernel.db,
    config: kernel.config,
  })
  permissionRoutes(app, capabilities.permissions)
  accessLogRoutes(app, capabilities.accessLog)
  storageRoutes(app, capabilities.storage)
  contentPlaceRoutes(app, capabilities.contentPlaces)
  uploadRoutes(app, capabilities.uploads)
  quotaRoutes(app, capabilities.quotas)
  connectionRoutes(app, capabilities.connections)
  secretRoutes(app, capabilities.secrets, createVaultKeys(kernel))
  inboxRoutes(app, capabilities.inbox)
  lineageRoutes(app, capabilities.lineage)
  webhookRoutes(app, capabilities.webhooks)
  subjectRoutes(app, capabilities.subjects)
  datasetRoutes(app, capabilities.datasets, { ...kernel, uploads: capabilities.uploads })
  dataSheetRoutes(app, { ...kernel, datasets: capabilities.datasets, lineage: capabilities.lineage })
  trashRoutes(app, capabilities.trash)
  archivePolicyRoutes(app, capabilities.archivePolicies)
  metricRoutes(app, capabilities.metricArchive, kernel)
  explorationRoutes(app, capabilities.exploration)
  reportRoutes(app, capabilities.reports)
  importRoutes(app, capabilities.imports, { uploads: capabilities.uploads })
  runRoutes(app, capabilities.tracking, kernel)
  trackingRoutes(app, capabilities.tracking, { ...kernel, uploads: capabilities.uploads })
  traceRoutes(app, capabilities.traces, kernel)
  registryRoutes(app, capabilities.registry)
  mlflowRoutes(app, { kernel, people, ...capabilities })
  featureRoutes(app, capabilities.features)
  outcomeRoutes(app, capabilities.outcomes)
  evaluationRoutes(app, capabilities.evaluations)
  pipelineRoutes(app, capabilities.pipelines, kernel)
  servingRoutes(app, capabilities.serving)
  modelUseRoutes(app, capabilities.modelUse)
  monitoringRoutes(app, capabilities.monitoring)
  operationRoutes(app, capabilities.operations)
  forwardRoutes(app, capabilities.serving, capabilities.access)
  return app
}
