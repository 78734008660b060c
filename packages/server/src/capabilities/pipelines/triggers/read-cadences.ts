import type { PipelineDefinition } from '@trivium/contract'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { Engine } from '../runs/engine.ts'
import { everyOf } from './cadence.ts'

/** How often a trigger may retrain, and what that is for. */
export interface RetrainingCadence {
  readonly pipeline: string
  readonly trigger: string
  readonly everyMs: number
  /** Deployments that the pipeline's steps deploy to. */
  readonly deployments: readonly string[]
  /** Monitors that the trigger waits for. */
  readonly monitors: readonly string[]
}

/** The cadences of all triggers of a project's pipelines that have one: a schedule, or a cooldown. */
export async function readCadences(
  { db, watermark }: Pick<Engine, 'db' | 'watermark'>,
  { project }: Scope,
): Promise<RetrainingCadence[]> {
  const { at } = await watermark.read(db.read, project)
  const rows = await db.read
    .selectFrom('pipeline')
    .innerJoin('pipeline_version', (j) =>
      j
        .onRef('pipeline_version.project_id', '=', 'pipeline.project_id')
        .onRef('pipeline_version.pipeline', '=', 'pipeline.name')
        .onRef('pipeline_version.version', '=', 'pipeline.latest_version'),
    )
    .select(['pipeline.name', 'pipeline_version.definition'])
    .where('pipeline.project_id', '=', project)
    .orderBy('pipeline.name')
    .execute()
  return rows.flatMap(({ name, definition }) => {
    const { steps, triggers } = JSON.parse(definition) as PipelineDefinition
    const deployments = steps.flatMap(({ kind, with: settings }) =>
      kind === 'deploy' && typeof settings['deployment'] === 'string' ? [settings['deployment']] : [],
    )
    return triggers.flatMap((trigger) => {
      const everyMs = everyOf(trigger, at)
      if (everyMs === null) return []
      const monitors = [trigger.on?.where['monitor'] ?? []].flat().map(String)
      return [{ pipeline: name, trigger: trigger.name, everyMs, deployments, monitors }]
    })
  })
}
