import type { RestorePoint, ReleaseManifest } from '@trivium/contract'
import type { Reader, Trx } from '../../kernel/db/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { accessErrors, holds, type Scope } from '../../kernel/principal/index.ts'
import type { PipelineRestore, Pipelines } from '../pipelines/index.ts'
import type { Registry } from '../registry/index.ts'
import { servingErrors } from './errors.ts'
import { namesOf, presentRelease, requireDeploymentRow, requireReleaseRow } from './read-deployments.ts'
import type { ReleaseTable } from './tables.ts'

/** What belongs to a deployment and lies on lower floors. */
export interface RestoreParts {
  readonly registry: Pick<Registry, 'version' | 'model' | 'pointAlias'>
  readonly pipelines: Pick<Pipelines, 'planRestore' | 'restore' | 'get'>
}

export interface RestorePlan {
  readonly point: RestorePoint
  readonly target: ReleaseTable
  readonly pipeline: PipelineRestore | undefined
}

const champion = 'champion'

/** Finds the last state that is known to have worked and all that belongs to it. Throws SERVING.NO_WORKING_STATE. */
export async function planRestore(
  { db, registry, pipelines }: Pick<Kernel, 'db'> & RestoreParts,
  scope: Scope,
  name: string,
): Promise<RestorePlan> {
  const { project } = scope
  const row = await requireDeploymentRow(db.read, project, name)
  if (row.retired_at !== null) throw servingErrors.RETIRED(name)
  const { target, passedOver } = await lastWorking(db.read, project, name, row.current_release)
  const { model, version } = JSON.parse(target.manifest) as ReleaseManifest
  const registered = await registry.model(scope, model)
  const from = registered.aliases.find((one) => one.alias === champion)?.version
  if (from !== undefined && from !== version && !holds(scope.principal, project, 'model:write'))
    throw accessErrors.FORBIDDEN('model:write', project)
  const { pipelineRun } = await registry.version(scope, model, version)
  const run = pipelineRun === null ? undefined : parseUrn(pipelineRun)?.id
  const pipeline = run === undefined ? undefined : await pipelines.planRestore(scope, run)
  return {
    target,
    pipeline,
    point: {
      release: presentRelease(target, row.current_release, await namesOf(db.read, [target.created_by])),
      reason: 'It was not rolled back, and no monitor left it degraded.',
      passedOver,
      alias: from === undefined || from === version ? null : { model, alias: champion, from, to: version },
      pipeline: pipeline
        ? {
            name: pipeline.pipeline,
            from: pipeline.from,
            newest: (await pipelines.get(scope, pipeline.pipeline)).latestVersion,
          }
        : null,
      datasets: [...(pipeline?.datasets ?? [])],
    },
  }
}

/** Everything beside the pointer of the deployment, in its transaction. Event `deployment.restored`. */
export async function applyRestore(
  { registry, pipelines, events }: Pick<Kernel, 'events'> & RestoreParts,
  trx: Trx,
  scope: Scope,
  name: string,
  { point, target, pipeline }: RestorePlan,
  reason: string | undefined,
): Promise<number | null> {
  const { project } = scope
  if (point.alias) await registry.pointAlias(trx, scope, point.alias.model, point.alias.alias, point.alias.to)
  const restored = pipeline && (await pipelines.restore(trx, scope, pipeline))
  await events.append(trx, {
    project,
    name: 'deployment.restored',
    schema: 1,
    by: scope.principal.id,
    subject: urn(project, 'deployment', name),
    refs: [
      { rel: 'about', urn: urn(project, 'release', target.id), as: 'restored-release' },
      ...(restored ? [{ rel: 'about' as const, urn: restored.urn, as: 'restored-pipeline' }] : []),
      ...point.datasets.map((one) => ({
        rel: 'about' as const,
        urn: urn(project, 'dataset', one.name, one.version),
        as: 'restored-data',
      })),
    ],
    data: {
      deployment: name,
      release: target.id,
      alias: point.alias,
      pipeline: restored ? { name: pipeline?.pipeline, version: restored.version, from: pipeline?.from } : null,
      datasets: point.datasets,
      reason: reason ?? null,
      fact: `${name} is back at its last working state`,
    },
  })
  return restored?.version ?? null
}

/** The newest release before the current one that nobody rolled back and that no monitor left degraded. */
async function lastWorking(
  db: Reader,
  project: string,
  name: string,
  current: string,
): Promise<{ target: ReleaseTable; passedOver: RestorePoint['passedOver'] }> {
  const moves = await db
    .selectFrom('deployment_activation')
    .select(['seq', 'release_id', 'kind'])
    .where('project_id', '=', project)
    .where('deployment', '=', name)
    .orderBy('seq', 'desc')
    .execute()
  const bySeq = new Map(moves.map((move) => [move.seq, move]))
  const passedOver: RestorePoint['passedOver'] = []
  const seen = new Set([current])
  for (const move of moves) {
    if (seen.has(move.release_id)) continue
    seen.add(move.release_id)
    const release = await requireReleaseRow(db, project, move.release_id)
    const degraded = await degradedMonitor(db, project, move.release_id)
    const reason =
      bySeq.get(move.seq + 1)?.kind === 'rollback'
        ? 'It was rolled back.'
        : degraded === undefined
          ? undefined
          : `Monitor ${degraded} left it degraded.`
    if (reason === undefined) return { target: release, passedOver }
    passedOver.push({ number: release.number, reason })
  }
  throw servingErrors.NO_WORKING_STATE(
    name,
    passedOver.map((one) => `Release ${one.number}: ${one.reason}`).join(' ') || 'It never had another release.',
  )
}

/** A monitor whose last word about a release was that it degraded. */
async function degradedMonitor(db: Reader, project: string, release: string): Promise<string | undefined> {
  const words = await db
    .selectFrom('event')
    .select(['name', 'subject'])
    .where('project_id', '=', project)
    .where('name', 'in', ['monitor.degraded', 'monitor.recovered'])
    .where('refs', 'like', `%"${urn(project, 'release', release)}"%`)
    .orderBy('seq')
    .execute()
  const last = new Map(words.map((word) => [word.subject, word.name]))
  const [found] = [...last].filter(([, name]) => name === 'monitor.degraded')
  return found && parseUrn(found[0])?.id
}
