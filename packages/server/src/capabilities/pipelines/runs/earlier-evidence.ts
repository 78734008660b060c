import type { Evidence, PipelineStep } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'

/** Evidence of the steps that a step needs, directly or through others, in the order of the definition. */
export async function earlierEvidence(
  db: Reader,
  place: { project: string; run: string },
  steps: readonly PipelineStep[],
  step: PipelineStep,
): Promise<Evidence[]> {
  const byName = new Map(steps.map((one) => [one.name, one]))
  const before = new Set<string>()
  const visit = (one: PipelineStep): void => {
    for (const need of one.needs) {
      if (before.has(need)) continue
      before.add(need)
      const next = byName.get(need)
      if (next) visit(next)
    }
  }
  visit(step)
  if (before.size === 0) return []
  const rows = await db
    .selectFrom('pipeline_step')
    .select(['name', 'evidence'])
    .where('project_id', '=', place.project)
    .where('run_id', '=', place.run)
    .where('evidence', '<>', '[]')
    .orderBy('ordinal')
    .execute()
  return rows.filter((row) => before.has(row.name)).flatMap((row) => JSON.parse(row.evidence) as Evidence[])
}
