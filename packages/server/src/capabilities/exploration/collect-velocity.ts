import type { Kernel } from '../../kernel/kernel.ts'
import { holds } from '../../kernel/principal/index.ts'
import type { Reading } from '../../kernel/telemetry/index.ts'
import { evaluatedIdeas, timesOf } from './velocity-thread.ts'

const days90 = 90 * 86_400_000

/** Ideas at `/metrics`, of the projects that the reader may see. */
export function collectVelocity({ db, clock, metrics }: Pick<Kernel, 'db' | 'clock' | 'metrics'>): void {
  metrics.collect(async (reader) => {
    const states = await db.read
      .selectFrom('idea')
      .select((e) => ['project_id', 'state', e.fn.countAll<number>().as('n')])
      .groupBy(['project_id', 'state'])
      .execute()
    const seen = states.filter((row) => holds(reader, row.project_id, 'metrics:read'))
    const found = seen.map(
      ({ project_id, state, n }): Reading => ({
        metric: 'trivium_ideas',
        labels: { project: project_id, state },
        value: Number(n),
      }),
    )
    for (const project of new Set(seen.map((row) => row.project_id))) {
      const evaluated = (await evaluatedIdeas(db.read, project)).filter(({ first }) => first !== undefined)
      for (const [person, ideas] of Map.groupBy(evaluated, ({ first }) => first?.by ?? ''))
        found.push({ metric: 'trivium_ideas_evaluated_total', labels: { project, person }, value: ideas.length })
      const { medianMs } = timesOf(evaluated.filter(({ first }) => (first?.endedAt ?? 0) >= clock() - days90))
      if (medianMs !== null)
        found.push({ metric: 'trivium_idea_to_model_seconds', labels: { project }, value: medianMs / 1000 })
    }
    return found
  })
}
