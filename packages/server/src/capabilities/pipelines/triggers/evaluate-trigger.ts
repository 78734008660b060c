import type { EventRef, PipelineTrigger, TriggerEvaluation } from '@trivium/contract'
import { asReader, type Trx } from '../../../kernel/db/index.ts'
import { AppError } from '../../../kernel/errors/index.ts'
import { newId } from '../../../kernel/ids/index.ts'
import { resolveParameters } from '../definition/parameter-value.ts'
import { createRun } from '../runs/create-run.ts'
import type { Engine } from '../runs/engine.ts'
import { requireVersion, versionOf } from '../runs/load-version.ts'
import { activeRunStates, normalPriority } from '../runs/step-states.ts'
import { lastingPermissions } from '../../access/index.ts'
import { runsCode } from '../runs/runs-code.ts'
import type { PipelineTriggerTable } from '../tables.ts'
import { unreadyData } from './unready-data.ts'

/** A reason to start a run: a due time or an event. */
export interface Occasion {
  readonly kind: 'schedule' | 'event'
  readonly eventTime: number
  /** One sentence: what happened. */
  readonly summary: string
  readonly refs: readonly EventRef[]
  /** Rows that it brings, for a trigger that waits for a number of them. */
  readonly rows?: number
  /** Why this is not what the trigger waits for, when it is not. */
  readonly mismatch?: string
}

const day = (at: number): string => new Date(at).toISOString().replace(/:\d\d\.000Z$/, 'Z')

const count = (n: number): string => n.toLocaleString('en-GB')

/** Looks at a trigger on an occasion: starts a run, or not, and records why in every case. */
export async function evaluateTrigger(
  trx: Trx,
  engine: Pick<Engine, 'clock' | 'events' | 'jobs' | 'kinds'>,
  row: PipelineTriggerTable,
  occasion: Occasion,
): Promise<void> {
  const trigger = JSON.parse(row.definition) as PipelineTrigger
  const record = async (
    outcome: TriggerEvaluation['outcome'],
    reason: string,
    run: string | null = null,
  ): Promise<void> => {
    await trx
      .insertInto('pipeline_trigger_evaluation')
      .values({
        project_id: row.project_id,
        id: newId('tev'),
        pipeline: row.pipeline,
        trigger_name: row.name,
        at: engine.clock(),
        event_time: occasion.eventTime,
        outcome,
        reason,
        refs: JSON.stringify(occasion.refs),
        run_id: run,
      })
      .execute()
  }
  const change = async (set: Partial<PipelineTriggerTable>): Promise<void> => {
    await trx
      .updateTable('pipeline_trigger')
      .set(set)
      .where('project_id', '=', row.project_id)
      .where('pipeline', '=', row.pipeline)
      .where('name', '=', row.name)
      .execute()
  }
  if (occasion.mismatch !== undefined) return record('no-match', occasion.mismatch)
  const enough = trigger.on?.rows
  if (enough !== undefined) {
    const pending = row.pending_rows + (occasion.rows ?? 0)
    await change({ pending_rows: pending })
    if (pending < enough)
      return record('accumulating', `${occasion.summary} ${count(pending)} of ${count(enough)} new rows have come.`)
  }
  if (row.cooldown_until !== null && occasion.eventTime < row.cooldown_until)
    return record('cooling-down', `${occasion.summary} The trigger cools down until ${day(row.cooldown_until)}.`)
  const active = await trx
    .selectFrom('pipeline_run')
    .select('id')
    .where('project_id', '=', row.project_id)
    .where('pipeline', '=', row.pipeline)
    .where('trigger_name', '=', row.name)
    .where('state', 'in', [...activeRunStates])
    .executeTakeFirst()
  if (active)
    return record(
      'already-running',
      `${occasion.summary} The run that this trigger started before, ${active.id}, is not over.`,
    )
  const version = await requireVersion(asReader(trx), row.project_id, row.pipeline)
  const loaded = versionOf(version)
  // A trigger acts for whoever defined the version: what he lost it has lost.
  if (runsCode(engine, loaded.definition)) {
    const held = await lastingPermissions(asReader(trx), version.created_by, row.project_id)
    if (!held.has('code:execute'))
      return record(
        'failed',
        `${occasion.summary} Whoever defined version ${loaded.version} of ${row.pipeline} does not hold code:execute any more. Somebody who does can save it again.`,
      )
  }
  const { reason, versions } = await unreadyData(
    asReader(trx),
    row.project_id,
    loaded.definition.requires ?? [],
    occasion.eventTime,
    JSON.parse(row.used_data) as Record<string, number>,
  )
  if (reason !== undefined) {
    // A cause does not go away because the data are late: it counts again when they come.
    if (occasion.kind === 'event') await change({ deferred: JSON.stringify(occasion) })
    return record('not-ready', `${occasion.summary} ${reason}`)
  }
  let params: Record<string, unknown>
  try {
    params = resolveParameters({ name: row.pipeline, params: loaded.definition.params }, trigger.params)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return record('failed', error.message)
  }
  const run = await createRun(trx, engine, {
    project: row.project_id,
    version: loaded,
    params,
    asOf: occasion.eventTime,
    holdsEventTime: true,
    priority: trigger.priority ?? normalPriority,
    startedBy: version.created_by,
    cause: { kind: occasion.kind, trigger: row.name, summary: occasion.summary, refs: [...occasion.refs] },
  })
  await change({
    cooldown_until: trigger.cooldownMs === 0 ? null : occasion.eventTime + trigger.cooldownMs,
    pending_rows: 0,
    deferred: null,
    used_data: JSON.stringify(versions),
  })
  await record('fired', occasion.summary, run)
}
