import type { Activation, Deployment, DeploymentSummary, Release, ReleaseManifest, Traffic } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import { inputFields, planRelease } from '../../kernel/models/index.ts'
import type { GatewayStatus, GatewayTraffic } from '../../kernel/ports/index.ts'
import { servingErrors } from './errors.ts'
import type { ActivationTable, DeploymentTable, ReleaseTable } from './tables.ts'

export async function requireDeploymentRow(db: Reader, project: string, name: string): Promise<DeploymentTable> {
  const row = await db
    .selectFrom('deployment')
    .selectAll()
    .where('project_id', '=', project)
    .where('name', '=', name)
    .executeTakeFirst()
  if (!row) throw servingErrors.DEPLOYMENT_NOT_FOUND(name)
  return row
}

export async function requireReleaseRow(db: Reader, project: string, id: string): Promise<ReleaseTable> {
  const row = await db
    .selectFrom('release')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw servingErrors.RELEASE_NOT_FOUND(id)
  return row
}

/** The release that was active before the current one: the newest move to another release. */
export async function previousRelease(db: Reader, deployment: DeploymentTable): Promise<string | undefined> {
  const row = await db
    .selectFrom('deployment_activation')
    .select('release_id')
    .where('project_id', '=', deployment.project_id)
    .where('deployment', '=', deployment.name)
    .where('release_id', '!=', deployment.current_release)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.release_id
}

/** Names of people and service accounts by id; an id without a name stands for itself. */
export async function namesOf(db: Reader, ids: readonly string[]): Promise<(id: string) => string> {
  const distinct = [...new Set(ids)]
  const rows =
    distinct.length === 0
      ? []
      : await db.selectFrom('principal').select(['id', 'name']).where('id', 'in', distinct).execute()
  const names = new Map(rows.map((row) => [row.id, row.name]))
  return (id) => names.get(id) ?? id
}

export function presentRelease(row: ReleaseTable, current: string, nameOf: (id: string) => string): Release {
  return {
    id: row.id,
    urn: urn(row.project_id, 'release', row.id),
    deployment: row.deployment,
    number: row.number,
    digest: row.digest,
    manifest: JSON.parse(row.manifest) as ReleaseManifest,
    createdAt: row.created_at,
    createdBy: row.created_by,
    createdByName: nameOf(row.created_by),
    active: row.id === current,
  }
}

const noTraffic: Traffic = {
  since: null,
  requests: 0,
  predictions: 0,
  refused: 0,
  failed: 0,
  p50Ms: null,
  p99Ms: null,
  perSecond: 0,
  minutes: [],
}

export function presentSummary(
  row: DeploymentTable,
  release: ReleaseTable,
  status: GatewayStatus | undefined,
  counted: GatewayTraffic | null,
  nameOf: (id: string) => string,
): DeploymentSummary {
  const served = status?.deployments.find((one) => one.project === row.project_id && one.name === row.name)
  const state =
    row.retired_at !== null
      ? 'retired'
      : served?.release === row.current_release
        ? 'ready'
        : served?.problem
          ? 'failed'
          : 'starting'
  const { minutes: _, ...traffic } = counted ?? noTraffic
  return {
    name: row.name,
    urn: urn(row.project_id, 'deployment', row.name),
    state,
    problem: served?.problem ?? null,
    createdAt: row.created_at,
    createdBy: row.created_by,
    createdByName: nameOf(row.created_by),
    retiredAt: row.retired_at,
    requestsPerMinute: row.requests_per_minute,
    current: row.retired_at === null ? presentRelease(release, row.current_release, nameOf) : null,
    traffic,
  }
}

/** A deployment with everything that its page shows. */
export async function presentDeployment(
  db: Reader,
  row: DeploymentTable,
  {
    status,
    traffic,
    inferenceUrl,
  }: { status: GatewayStatus | undefined; traffic: GatewayTraffic | null; inferenceUrl: string },
): Promise<Deployment> {
  const { project_id: project, name } = row
  const release = await requireReleaseRow(db, project, row.current_release)
  const previousId = await previousRelease(db, row)
  const previous = previousId === undefined ? undefined : await requireReleaseRow(db, project, previousId)
  const moves = await db
    .selectFrom('deployment_activation')
    .selectAll()
    .where('project_id', '=', project)
    .where('deployment', '=', name)
    .orderBy('seq', 'desc')
    .limit(100)
    .execute()
  const releases = await db
    .selectFrom('release')
    .selectAll()
    .where('project_id', '=', project)
    .where('deployment', '=', name)
    .execute()
  const nameOf = await namesOf(db, [
    row.created_by,
    ...moves.map((move) => move.by_id),
    ...releases.map((one) => one.created_by),
  ])
  const manifest = JSON.parse(release.manifest) as ReleaseManifest
  return {
    ...presentSummary(row, release, status, traffic, nameOf),
    traffic: { ...(traffic ?? noTraffic), minutes: [...(traffic?.minutes ?? [])] },
    previous: previous ? presentRelease(previous, row.current_release, nameOf) : null,
    activations: moves.map((move) => presentMove(move, releases, nameOf)),
    predictUrl: `${inferenceUrl}/deployments/${encodeURIComponent(name)}/predict`,
    inferenceUrl,
    inputs: inputFields(planRelease(manifest)),
  }
}

function presentMove(
  move: ActivationTable,
  releases: readonly ReleaseTable[],
  nameOf: (id: string) => string,
): Activation {
  const release = releases.find((one) => one.id === move.release_id)
  const { model, version } = JSON.parse(release?.manifest ?? '{"model":"","version":0}') as ReleaseManifest
  return {
    release: move.release_id,
    number: release?.number ?? 0,
    model,
    version,
    kind: move.kind,
    at: move.at,
    eventTime: move.event_time,
    by: move.by_id,
    byName: nameOf(move.by_id),
    reason: move.reason,
  }
}
