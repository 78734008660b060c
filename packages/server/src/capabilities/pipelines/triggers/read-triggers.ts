import type { EventRef, PipelineTrigger, PipelineTriggerState, TriggerEvaluation } from '@trivium/contract'
import type { Scope } from '../../../kernel/principal/index.ts'
import { pipelineErrors } from '../errors.ts'
import type { Engine } from '../runs/engine.ts'
import { requireVersion } from '../runs/load-version.ts'
import type { PipelineTriggerEvaluationTable } from '../tables.ts'
import { readCadence } from './cadence.ts'
import { nextDue } from './due-times.ts'

/** The triggers of a pipeline with where they stand, and their evaluations, newest first. */
export async function readTriggers(
  { db, watermark }: Pick<Engine, 'db' | 'watermark'>,
  scope: Scope,
  pipeline: string,
  page: { limit: number; pageToken?: string },
): Promise<{ triggers: PipelineTriggerState[]; evaluations: TriggerEvaluation[]; nextPageToken: string | null }> {
  const { project } = scope
  await requireVersion(db.read, project, pipeline)
  const { at } = await watermark.read(db.read, project)
  const rows = await db.read
    .selectFrom('pipeline_trigger')
    .selectAll()
    .where('project_id', '=', project)
    .where('pipeline', '=', pipeline)
    .orderBy('name')
    .execute()
  const evaluations = db.read
    .selectFrom('pipeline_trigger_evaluation')
    .selectAll()
    .where('project_id', '=', project)
    .where('pipeline', '=', pipeline)
    .orderBy('id', 'desc')
  const triggers = await Promise.all(
    rows.map(async (row) => {
      const definition = JSON.parse(row.definition) as PipelineTrigger
      const last = await evaluations.where('trigger_name', '=', row.name).limit(1).executeTakeFirst()
      const next =
        definition.schedule === null ? undefined : nextDue(definition.schedule, Math.max(at, row.evaluated_to))
      return {
        ...definition,
        nextDue: next ?? null,
        cooldownUntil: row.cooldown_until,
        pendingRows: definition.on?.rows === undefined ? null : row.pending_rows,
        cadence: await readCadence(db.read, { project, pipeline }, definition, at),
        lastEvaluation: last ? present(last) : null,
      }
    }),
  )
  if (page.pageToken !== undefined && !/^tev_[0-9a-z]+$/.test(page.pageToken)) throw pipelineErrors.BAD_PAGE_TOKEN()
  const found = await (page.pageToken === undefined ? evaluations : evaluations.where('id', '<', page.pageToken))
    .limit(page.limit + 1)
    .execute()
  const shown = found.slice(0, page.limit)
  return {
    triggers,
    evaluations: shown.map(present),
    nextPageToken: found.length > page.limit ? (shown.at(-1)?.id ?? null) : null,
  }
}

function present(row: PipelineTriggerEvaluationTable): TriggerEvaluation {
  return {
    id: row.id,
    trigger: row.trigger_name,
    at: row.at,
    eventTime: row.event_time,
    outcome: row.outcome,
    reason: row.reason,
    refs: JSON.parse(row.refs) as EventRef[],
    run: row.run_id,
  }
}
