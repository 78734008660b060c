import type { StepArtifact } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import { accessErrors, holds, type Scope } from '../../kernel/principal/index.ts'
import type { Engine } from './runs/engine.ts'
import { loadVersion, requireVersion } from './runs/load-version.ts'
import { type PreparedSave, prepareSave, recordSave } from './save-pipeline.ts'

/** What brings a pipeline back to how it was in one of its runs. */
export interface PipelineRestore {
  readonly pipeline: string
  /** The version that the run had. */
  readonly from: number
  /** Datasets with the versions that the run read; the restored definition names them. */
  readonly datasets: readonly { readonly name: string; readonly version: number }[]
  readonly prepared: PreparedSave
}

/** Code, environment and triggers of a run's version, with every dataset at the version that the run read instead of the newest. */
export async function planRestore(engine: Engine, scope: Scope, run: string): Promise<PipelineRestore | undefined> {
  const { db } = engine
  const { project } = scope
  const row = await db.read
    .selectFrom('pipeline_run')
    .select(['pipeline', 'version'])
    .where('project_id', '=', project)
    .where('id', '=', run)
    .executeTakeFirst()
  if (!row) return undefined
  if (!holds(scope.principal, project, 'pipeline:write')) throw accessErrors.FORBIDDEN('pipeline:write', project)
  const version = await loadVersion(db.read, project, row.pipeline, row.version)
  const { yaml } = await requireVersion(db.read, project, row.pipeline, row.version)
  const steps = await db.read
    .selectFrom('pipeline_step')
    .select('inputs')
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .execute()
  const read = new Map<string, { name: string; version: number }>()
  for (const { reference, urn: of } of steps.flatMap((step) => JSON.parse(step.inputs) as StepArtifact[])) {
    const parts = of === null ? undefined : parseUrn(of)
    if (reference?.startsWith('dataset:') && parts?.kind === 'dataset' && parts.version !== undefined)
      read.set(reference.replace(/\?$/, ''), { name: parts.id, version: Number(parts.version) })
  }
  let pinned = yaml
  for (const [reference, { name, version: at }] of read)
    pinned = pinned.replace(new RegExp(`${escaped(reference)}(?![\\w@.-])`, 'g'), `dataset:${name}@${at}`)
  const prepared = await prepareSave(engine, scope, {
    pipeline: row.pipeline,
    yaml: pinned,
    files: Object.fromEntries(Object.entries(version.files).map(([path, { digest }]) => [path, digest])),
  })
  const datasets = [...new Map([...read.values()].map((one) => [`${one.name}@${one.version}`, one])).values()]
  return { pipeline: row.pipeline, from: row.version, datasets, prepared }
}

/** Makes the restored definition the newest version, in the transaction of whatever is restored with it. */
export async function restorePipeline(
  trx: Trx,
  engine: Engine,
  scope: Scope,
  { pipeline, prepared }: PipelineRestore,
): Promise<{ version: number; urn: string }> {
  const { row } = await recordSave(trx, engine, scope, prepared)
  return { version: row.version, urn: urn(scope.project, 'pipeline', pipeline, row.version) }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
