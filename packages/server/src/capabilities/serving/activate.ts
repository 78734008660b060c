import type { EventRef, ReleaseManifest } from '@trivium/contract'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { OnlineView } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { servingErrors } from './errors.ts'
import { requireReleaseRow } from './read-deployments.ts'
import type { DeploymentTable, ReleaseTable } from './tables.ts'

type Deps = Pick<Kernel, 'clock' | 'events' | 'watermark'>

export interface NewRelease {
  id: string
  manifest: ReleaseManifest
  digest: string
  views: readonly OnlineView[]
}

/** Writes a release and points its deployment to it; makes the deployment if it is new and brings it back if it was retired. */
export async function insertRelease(
  deps: Deps,
  trx: Trx,
  scope: Scope,
  name: string,
  release: NewRelease,
  reason: string | undefined,
): Promise<void> {
  const { project } = scope
  const at = deps.clock()
  const by = scope.principal.id
  await trx
    .insertInto('deployment')
    .values({
      project_id: project,
      name,
      current_release: release.id,
      latest_number: 0,
      latest_seq: 0,
      created_at: at,
      created_by: by,
      retired_at: null,
      requests_per_minute: null,
    })
    .onConflict((c) => c.columns(['project_id', 'name']).doNothing())
    .execute()
  // Counting up locks the row, so that two deploys at once take one number each.
  const row = await trx
    .updateTable('deployment')
    .set((e) => ({ latest_number: e('latest_number', '+', 1), retired_at: null }))
    .where('project_id', '=', project)
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirstOrThrow()
  const before = row.latest_seq === 0 ? undefined : row.current_release
  const { manifest, digest } = release
  await trx
    .insertInto('release')
    .values({
      project_id: project,
      id: release.id,
      deployment: name,
      number: row.latest_number,
      digest,
      manifest: JSON.stringify(manifest),
      views: JSON.stringify(release.views),
      created_at: at,
      created_by: by,
    })
    .execute()
  await addBlobRef(trx, {
    project,
    digest: manifest.file.digest,
    owner: urn(project, 'release', release.id),
    size: manifest.file.size,
    at,
  })
  await movePointer(deps, trx, scope, row, { id: release.id, number: row.latest_number, manifest, digest }, before, {
    kind: 'deploy',
    reason,
  })
}

/** Points a deployment to a release that it had before. */
export async function moveBack(
  deps: Deps,
  trx: Trx,
  scope: Scope,
  name: string,
  target: ReleaseTable,
  reason: string | undefined,
): Promise<void> {
  const row = await trx
    .updateTable('deployment')
    .set((e) => ({ latest_number: e('latest_number', '+', 0) }))
    .where('project_id', '=', scope.project)
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirst()
  if (!row) throw servingErrors.DEPLOYMENT_NOT_FOUND(name)
  if (row.retired_at !== null) throw servingErrors.RETIRED(name)
  if (row.current_release === target.id) throw servingErrors.ALREADY_ACTIVE(name, target.number)
  const release = {
    id: target.id,
    number: target.number,
    manifest: JSON.parse(target.manifest) as ReleaseManifest,
    digest: target.digest,
  }
  await movePointer(deps, trx, scope, row, release, row.current_release, { kind: 'rollback', reason })
}

async function movePointer(
  { clock, events, watermark }: Deps,
  trx: Trx,
  scope: Scope,
  row: DeploymentTable,
  release: { id: string; number: number; manifest: ReleaseManifest; digest: string },
  before: string | undefined,
  { kind, reason }: { kind: 'deploy' | 'rollback'; reason: string | undefined },
): Promise<void> {
  const { project } = scope
  const eventTime = (await watermark.read(asReader(trx), project)).at
  const seq = row.latest_seq + 1
  await trx
    .updateTable('deployment')
    .set({ current_release: release.id, latest_seq: seq })
    .where('project_id', '=', project)
    .where('name', '=', row.name)
    .execute()
  await trx
    .insertInto('deployment_activation')
    .values({
      project_id: project,
      deployment: row.name,
      seq,
      release_id: release.id,
      kind,
      at: clock(),
      event_time: eventTime,
      by_id: scope.principal.id,
      reason: reason ?? null,
    })
    .execute()
  const { manifest } = release
  const replaced = before === undefined ? undefined : await requireReleaseRow(asReader(trx), project, before)
  const refs: EventRef[] = [
    { rel: 'input', urn: manifest.modelUrn, as: 'deploys' },
    { rel: 'output', urn: urn(project, 'deployment', row.name), as: 'serves' },
    ...manifest.features.map((feature): EventRef => ({ rel: 'input', urn: feature.urn, as: 'looks-up' })),
    ...(replaced ? [{ rel: 'about' as const, urn: urn(project, 'release', replaced.id), as: 'replaces' }] : []),
  ]
  const text = `${row.name} serves ${manifest.model} v${manifest.version}`
  await events.append(trx, {
    project,
    name: kind === 'deploy' ? 'release.activated' : 'release.rolled-back',
    schema: 1,
    by: scope.principal.id,
    subject: urn(project, 'release', release.id),
    refs,
    eventTime,
    data: {
      fact: kind === 'deploy' ? text : `${text} again`,
      deployment: row.name,
      number: release.number,
      model: manifest.model,
      version: manifest.version,
      digest: release.digest,
      previous: replaced?.id ?? null,
      previousVersion: replaced ? (JSON.parse(replaced.manifest) as ReleaseManifest).version : null,
    },
  })
}
