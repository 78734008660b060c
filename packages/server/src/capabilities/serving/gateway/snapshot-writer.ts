import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReleaseManifest } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { GatewayDeployment, GatewaySnapshot, GatewayToken, OnlineView } from '../../../kernel/ports/index.ts'
import '../tables.ts'

/** Writes what the gateway may know as one file, whole or not at all. */
export interface SnapshotWriter {
  /** Writes the snapshot if it differs from the last one. Returns the version on disk, whether it is new, and whether the files of all models are there. */
  write(): Promise<{ version: number; changed: boolean; whole: boolean }>
}

export function createSnapshotWriter({
  db,
  blobs,
  paths,
  config,
  tokens,
}: Pick<Kernel, 'db' | 'blobs' | 'paths' | 'config'> & {
  readonly tokens: () => Promise<GatewayToken[]>
}): SnapshotWriter {
  const path = join(paths.gateway, 'snapshot.json')
  let version = lastVersion(path)
  let written = ''
  let queue: Promise<unknown> = Promise.resolve()
  const modelPaths = new Map<string, string>()

  async function write(): Promise<{ version: number; changed: boolean; whole: boolean }> {
    const missing: unknown[] = []
    const content = { tokens: await tokens(), deployments: await deployments(missing) }
    const whole = missing.length === 0
    const text = JSON.stringify(content)
    if (text === written) return { version, changed: false, whole }
    version = Math.max(version + 1, Date.now())
    const snapshot: GatewaySnapshot = { version, writtenAt: Date.now(), ...content }
    const temporary = `${path}.${process.pid}`
    writeFileSync(temporary, JSON.stringify(snapshot), { mode: 0o600 })
    renameSync(temporary, path)
    written = text
    return { version, changed: true, whole }
  }

  async function deployments(missing: unknown[]): Promise<GatewayDeployment[]> {
    const rows = await db.read
      .selectFrom('deployment')
      .innerJoin('release', (join) =>
        join
          .onRef('release.project_id', '=', 'deployment.project_id')
          .onRef('release.id', '=', 'deployment.current_release'),
      )
      .select([
        'deployment.project_id',
        'deployment.name',
        'deployment.requests_per_minute',
        'release.id',
        'release.manifest',
        'release.views',
      ])
      .where('deployment.retired_at', 'is', null)
      .orderBy('deployment.project_id')
      .orderBy('deployment.name')
      .execute()
    return Promise.all(
      rows.map(async (row) => {
        const manifest = JSON.parse(row.manifest) as ReleaseManifest
        const path = `${row.project_id}/${manifest.file.digest}`
        try {
          modelPaths.set(path, await blobs.localPath(row.project_id, manifest.file.digest))
        } catch (error) {
          // The object store is away: what else has changed must come through all the same, a revoked token before all.
          if (!modelPaths.has(path)) missing.push(error)
        }
        const modelPath = modelPaths.get(path) ?? ''
        return {
          project: row.project_id,
          name: row.name,
          requestsPerMinute: row.requests_per_minute ?? config.requestsPerMinute,
          release: { id: row.id, manifest, modelPath, views: JSON.parse(row.views) as OnlineView[] },
        }
      }),
    )
  }

  return {
    // One at a time: an older view of the database must not replace a newer one.
    write: () => {
      const next = queue.then(write, write)
      queue = next.catch(() => {})
      return next
    },
  }
}

function lastVersion(path: string): number {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as GatewaySnapshot).version
  } catch {
    return 0
  }
}
