import type { PipelineTrigger } from '@trivium/contract'
import type { Trx } from '../../../kernel/db/index.ts'

/** Makes the triggers of a pipeline those of its newest version. One that keeps its name keeps its cooldown and what it has looked at. */
export async function replaceTriggers(
  trx: Trx,
  input: { project: string; pipeline: string; triggers: readonly PipelineTrigger[]; eventTime: number },
): Promise<void> {
  const { project, pipeline, triggers } = input
  const before = await trx
    .selectFrom('pipeline_trigger')
    .select('name')
    .where('project_id', '=', project)
    .where('pipeline', '=', pipeline)
    .execute()
  for (const { name } of before) {
    if (triggers.some((trigger) => trigger.name === name)) continue
    await trx
      .deleteFrom('pipeline_trigger')
      .where('project_id', '=', project)
      .where('pipeline', '=', pipeline)
      .where('name', '=', name)
      .execute()
  }
  for (const trigger of triggers) {
    const definition = JSON.stringify(trigger)
    const schedule = trigger.schedule ? 1 : 0
    await trx
      .insertInto('pipeline_trigger')
      .values({
        project_id: project,
        pipeline,
        name: trigger.name,
        definition,
        schedule,
        evaluated_to: input.eventTime,
        cooldown_until: null,
        pending_rows: 0,
        deferred: null,
        used_data: '{}',
      })
      .onConflict((c) => c.columns(['project_id', 'pipeline', 'name']).doUpdateSet({ definition, schedule }))
      .execute()
  }
}
