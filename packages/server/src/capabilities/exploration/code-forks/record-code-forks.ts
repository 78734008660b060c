import type { BodyOf, recordCodeForks as recordRoute } from '@trivium/contract'
import { urn } from '../../../kernel/ids/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { explorationErrors } from '../errors.ts'
import type { IdeaDeps } from '../ideas.ts'
import '../tables.ts'

export type RecordedForks = BodyOf<typeof recordRoute>

/** Keeps how far the lines of code of an experiment diverge, in place of what was kept before; event `code-forks.recorded`. */
export async function recordCodeForks(
  { db, clock, events, tracking }: IdeaDeps,
  scope: Scope,
  experiment: string,
  recorded: RecordedForks,
): Promise<void> {
  const { project, principal } = scope
  await tracking.requireExperiment(scope, experiment)
  const bases = recorded.lines.filter((line) => line.isBase)
  if (bases.length !== 1 && recorded.lines.length > 0) throw explorationErrors.ONE_BASE(bases.length)
  const seen = new Set<string>()
  for (const commit of recorded.lines.flatMap((line) => line.commits)) {
    if (seen.has(commit)) throw explorationErrors.COMMIT_TWICE(commit)
    seen.add(commit)
  }
  const row = {
    content: JSON.stringify(recorded),
    recorded_at: clock(),
    recorded_by: principal.onBehalfOf ?? principal.id,
    recorded_by_name: principal.name,
  }
  await db.write.transaction().execute(async (trx) => {
    await trx
      .insertInto('code_fork')
      .values({ project_id: project, experiment_id: experiment, ...row })
      .onConflict((c) => c.columns(['project_id', 'experiment_id']).doUpdateSet(row))
      .execute()
    await events.append(trx, {
      project,
      name: 'code-forks.recorded',
      schema: 1,
      by: principal.id,
      subject: urn(project, 'experiment', experiment),
      refs: [],
      data: {
        lines: recorded.lines.length,
        conflicting: recorded.lines.filter((line) => (line.conflicts?.length ?? 0) > 0).length,
      },
    })
  })
}
