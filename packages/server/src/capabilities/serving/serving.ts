import type {
  Deployment,
  DeploymentSummary,
  FeatureBinding,
  PredictResult,
  Release,
  RestorePoint,
} from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import { actOnce, resultOf } from '../../kernel/jobs/index.ts'
import { schemeOf } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { GatewayRelease, GatewayStatus, GatewayToken, OnlineView } from '../../kernel/ports/index.ts'
import { accessErrors, holds, type Scope } from '../../kernel/principal/index.ts'
import { insertRelease, moveBack } from './activate.ts'
import { collectTraffic } from './collect-traffic.ts'
import { servingErrors } from './errors.ts'
import { createGateway } from './gateway/gateway.ts'
import type { GatewayAddress } from './gateway/peer-gateways.ts'
import { type DeployableModels, makeManifest, type OnlineViews } from './make-manifest.ts'
import {
  namesOf,
  presentDeployment,
  presentRelease,
  presentSummary,
  previousRelease,
  requireDeploymentRow,
  requireReleaseRow,
} from './read-deployments.ts'
import { applyRestore, planRestore, type RestoreParts } from './restore.ts'
import { type Callers, createCallers } from './model-use/keep-callers.ts'
import type { DeploymentTable, ReleaseTable } from './tables.ts'

export interface ServingDeps {
  readonly kernel: Kernel
  readonly models: DeployableModels
  readonly views: OnlineViews
  /** Where what belongs to a deployment is restored with it. */
  readonly parts: RestoreParts
  readonly tokens: () => Promise<GatewayToken[]>
  /** Version of the program: a gateway of another version is replaced. */
  readonly program: string
}

/** Deployments, releases and the gateway that answers. */
export interface Serving {
  list(scope: Scope, options: { retired: boolean }): Promise<DeploymentSummary[]>
  get(scope: Scope, name: string): Promise<Deployment>
  releases(scope: Scope, name: string): Promise<Release[]>
  release(scope: Scope, id: string): Promise<Release>
  /** Makes a release of a model version and points the deployment to it; resolves when the gateway serves it. Deploying what is served already changes nothing. */
  deploy(
    scope: Scope,
    input: {
      name: string
      model: string
      features?: readonly FeatureBinding[]
      reason?: string
      /** A step's key: whoever comes again with it finds the release that was made; what happened to the deployment since stays. */
      once?: string
    },
  ): Promise<{ deployment: Deployment; release: Release }>
  rollBack(
    scope: Scope,
    name: string,
    input: { release?: string; reason?: string },
  ): Promise<{ deployment: Deployment; release: Release }>
  /** The last state that is known to have worked, and what going back to it changes. */
  restorePoint(scope: Scope, name: string): Promise<RestorePoint>
  /** Goes back to it: release, champion, pipeline with code, environment and data; all of it or nothing. */
  restore(
    scope: Scope,
    name: string,
    input: { reason?: string },
  ): Promise<{ deployment: Deployment; restored: RestorePoint; pipelineVersion: number | null }>
  /** How many requests one token may make in a minute; null is what the settings say. Event `deployment.limit-set`. */
  setLimit(scope: Scope, name: string, requestsPerMinute: number | null): Promise<Deployment>
  retire(scope: Scope, name: string): Promise<void>
  /** Predicts through the gateway without record and without count. */
  tryOut(
    scope: Scope,
    name: string,
    input: { inputs: Readonly<Record<string, unknown>>; eventTime?: number | string },
  ): Promise<PredictResult & { latencyMicros: number }>
  /** Who was answered by which release. */
  readonly callers: Pick<Callers, 'read' | 'keep'>
  /** Names of the deployments that answer in a project. */
  names(project: string): Promise<string[]>
  /** Base URL for inference clients: the gateway's own while it runs, else this server's. */
  inferenceUrl(): string
  /** Where the gateway listens; undefined while it does not run. */
  gatewayAddress(): { host: string; port: number } | undefined
  /** Where main passes requests on to; the same, but for a gateway with TLS. */
  forwardAddress(): GatewayAddress | undefined
  /** What the gateway says of itself, undefined while it does not answer, and how many deployments it should serve. */
  gatewayStatus(): Promise<{ deployments: number; status: GatewayStatus | undefined }>
  /** Called once the server listens: finds or starts the gateway, with `always` also where nothing is deployed. `publicUrl` is where clients reach this server. */
  start(publicUrl: string, options?: { always?: boolean }): Promise<void>
  /** Runs the gateway on what an earlier server has left, without the database; false where there is nothing. */
  startStale(): Promise<boolean>
  readonly stop: (options: { keepGateway: boolean }) => Promise<void>
}

export function createServing({ kernel, models, views, parts, tokens, program }: ServingDeps): Serving {
  const { db, blobs, events } = kernel
  const gateway = createGateway({ kernel, program, tokens })
  collectTraffic(kernel, gateway)
  const callers = createCallers(kernel, gateway)
  let publicUrl = ''

  const inferenceUrl = (): string => {
    const address = gateway.address()
    return address ? `${schemeOf(kernel.config)}://${address.host}:${address.port}` : publicUrl
  }

  const read = async (scope: Scope, row: DeploymentTable): Promise<Deployment> => {
    const [status, [traffic = null]] = await Promise.all([
      gateway.status(),
      gateway.traffic([{ project: scope.project, name: row.name }], 60),
    ])
    return presentDeployment(db.read, row, { status, traffic, inferenceUrl: inferenceUrl() })
  }

  const presentOne = async (row: ReleaseTable, current: string): Promise<Release> =>
    presentRelease(row, current, await namesOf(db.read, [row.created_by]))

  /** Tells the gateway and waits until it serves the release. */
  const publish = async (
    scope: Scope,
    name: string,
    releaseId: string,
  ): Promise<{ deployment: Deployment; release: Release }> => {
    const status = await gateway.publish()
    const served = status.deployments.find((one) => one.project === scope.project && one.name === name)
    if (served?.problem) throw servingErrors.NOT_LOADED(name, served.problem)
    const row = await requireDeploymentRow(db.read, scope.project, name)
    return {
      deployment: await read(scope, row),
      release: await presentOne(await requireReleaseRow(db.read, scope.project, releaseId), row.current_release),
    }
  }

  const gatewayReleaseOf = async (row: ReleaseTable): Promise<GatewayRelease> => {
    const manifest = JSON.parse(row.manifest) as GatewayRelease['manifest']
    return {
      id: row.id,
      manifest,
      modelPath: await blobs.localPath(row.project_id, manifest.file.digest),
      views: JSON.parse(row.views) as OnlineView[],
    }
  }

  return {
    list: async (scope, { retired }) => {
      let query = db.read.selectFrom('deployment').selectAll().where('project_id', '=', scope.project).orderBy('name')
      if (!retired) query = query.where('retired_at', 'is', null)
      const rows = await query.execute()
      const [status, traffic] = await Promise.all([
        gateway.status(),
        gateway.traffic(
          rows.map((row) => ({ project: scope.project, name: row.name })),
          60,
        ),
      ])
      const releases = await Promise.all(
        rows.map((row) => requireReleaseRow(db.read, scope.project, row.current_release)),
      )
      const nameOf = await namesOf(
        db.read,
        [...rows, ...releases].map((row) => row.created_by),
      )
      return rows.map((row, index) =>
        presentSummary(row, releases[index] as ReleaseTable, status, traffic[index] ?? null, nameOf),
      )
    },
    get: async (scope, name) => read(scope, await requireDeploymentRow(db.read, scope.project, name)),
    releases: async (scope, name) => {
      const row = await requireDeploymentRow(db.read, scope.project, name)
      const rows = await db.read
        .selectFrom('release')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('deployment', '=', name)
        .orderBy('number', 'desc')
        .execute()
      const nameOf = await namesOf(
        db.read,
        rows.map((one) => one.created_by),
      )
      return rows.map((one) => presentRelease(one, row.current_release, nameOf))
    },
    release: async (scope, id) => {
      const row = await requireReleaseRow(db.read, scope.project, id)
      return presentOne(row, (await requireDeploymentRow(db.read, scope.project, row.deployment)).current_release)
    },
    deploy: async (scope, { name, model, features, reason, once }) => {
      const act = once === undefined ? undefined : { project: scope.project, key: `${once}/deploy` }
      const before = act && (await resultOf<string>(db.read, act))
      if (before !== undefined) return publish(scope, name, before)
      const made = await makeManifest(
        { ...kernel, views },
        scope,
        await models.requireDeployable(scope, model),
        features,
      )
      const id = newId('rel')
      await gateway.prepare(scope.project, { id, ...made })
      const activate = async (trx: Trx): Promise<string> => {
        const current = await trx
          .selectFrom('deployment')
          .innerJoin('release', (join) =>
            join
              .onRef('release.project_id', '=', 'deployment.project_id')
              .onRef('release.id', '=', 'deployment.current_release'),
          )
          .select(['release.id', 'release.digest'])
          .where('deployment.project_id', '=', scope.project)
          .where('deployment.name', '=', name)
          .where('deployment.retired_at', 'is', null)
          .executeTakeFirst()
        if (current?.digest === made.digest) return current.id
        await insertRelease(kernel, trx, scope, name, { id, ...made }, reason)
        return id
      }
      const active = await db.write
        .transaction()
        .execute(async (trx) =>
          act ? (await actOnce(trx, { ...act, at: kernel.clock() }, () => activate(trx))).result : activate(trx),
        )
      return publish(scope, name, active)
    },
    rollBack: async (scope, name, { release, reason }) => {
      const row = await requireDeploymentRow(db.read, scope.project, name)
      if (row.retired_at !== null) throw servingErrors.RETIRED(name)
      const targetId = release ?? (await previousRelease(db.read, row))
      if (targetId === undefined) throw servingErrors.NOTHING_BEFORE(name)
      const target = await requireReleaseRow(db.read, scope.project, targetId)
      if (target.deployment !== name) throw servingErrors.RELEASE_ELSEWHERE(targetId, target.deployment, name)
      await gateway.prepare(scope.project, await gatewayReleaseOf(target))
      await db.write.transaction().execute((trx) => moveBack(kernel, trx, scope, name, target, reason))
      return publish(scope, name, targetId)
    },
    restorePoint: async (scope, name) => (await planRestore({ db, ...parts }, scope, name)).point,
    restore: async (scope, name, { reason }) => {
      const plan = await planRestore({ db, ...parts }, scope, name)
      const { target } = plan
      await gateway.prepare(scope.project, await gatewayReleaseOf(target))
      const pipelineVersion = await db.write.transaction().execute(async (trx) => {
        await moveBack(kernel, trx, scope, name, target, reason ?? 'back to the last working state')
        return applyRestore({ events, ...parts }, trx, scope, name, plan, reason)
      })
      const { deployment, release } = await publish(scope, name, target.id)
      return { deployment, restored: { ...plan.point, release }, pipelineVersion }
    },
    setLimit: async (scope, name, requestsPerMinute) => {
      await db.write.transaction().execute(async (trx) => {
        const row = await requireDeploymentRow(asReader(trx), scope.project, name)
        await trx
          .updateTable('deployment')
          .set({ requests_per_minute: requestsPerMinute })
          .where('project_id', '=', scope.project)
          .where('name', '=', name)
          .execute()
        await events.append(trx, {
          project: scope.project,
          name: 'deployment.limit-set',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'deployment', name),
          refs: [],
          data: { requestsPerMinute, before: row.requests_per_minute },
        })
      })
      await gateway.publish()
      return read(scope, await requireDeploymentRow(db.read, scope.project, name))
    },
    retire: async (scope, name) => {
      await db.write.transaction().execute(async (trx) => {
        const row = await requireDeploymentRow(asReader(trx), scope.project, name)
        if (row.retired_at !== null) return
        await trx
          .updateTable('deployment')
          .set({ retired_at: kernel.clock() })
          .where('project_id', '=', scope.project)
          .where('name', '=', name)
          .execute()
        await events.append(trx, {
          project: scope.project,
          name: 'deployment.retired',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'deployment', name),
          refs: [{ rel: 'about', urn: urn(scope.project, 'release', row.current_release), as: 'served' }],
          eventTime: (await kernel.watermark.read(asReader(trx), scope.project)).at,
          data: { fact: `${name} is out of service`, release: row.current_release },
        })
      })
      await gateway.publish()
    },
    tryOut: async (scope, name, input) => {
      if (!holds(scope.principal, scope.project, 'deployment:read'))
        throw accessErrors.FORBIDDEN('deployment:read', scope.project)
      const row = await requireDeploymentRow(db.read, scope.project, name)
      if (row.retired_at !== null) throw servingErrors.RETIRED(name)
      return gateway.tryOut({ project: scope.project, deployment: name, ...input })
    },
    names: async (project) =>
      (
        await db.read
          .selectFrom('deployment')
          .select('name')
          .where('project_id', '=', project)
          .where('retired_at', 'is', null)
          .execute()
      ).map((row) => row.name),
    callers,
    inferenceUrl,
    gatewayAddress: gateway.address,
    forwardAddress: gateway.forwardAddress,
    gatewayStatus: async () => {
      const [{ count }, status] = await Promise.all([
        db.read
          .selectFrom('deployment')
          .select((e) => e.fn.countAll<number>().as('count'))
          .where('retired_at', 'is', null)
          .executeTakeFirstOrThrow(),
        gateway.status(),
      ])
      return { deployments: Number(count), status }
    },
    startStale: () => gateway.startStale(),
    start: async (url, options) => {
      publicUrl = url
      await gateway.start(options)
      callers.start()
    },
    stop: async (options) => {
      await callers.stop()
      await gateway.stop(options)
    },
  }
}
