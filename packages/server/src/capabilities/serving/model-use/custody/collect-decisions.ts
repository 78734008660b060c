import type { Kernel } from '../../../../kernel/kernel.ts'
import { holds } from '../../../../kernel/principal/index.ts'
import { quantileOfSorted } from '../../../../kernel/stats/index.ts'
import type { Reading } from '../../../../kernel/telemetry/index.ts'

const days90 = 90 * 86_400_000

/** How releases wait for decisions at `/metrics`, of the projects that the reader may see; the page has the rest. */
export function collectDecisions({ db, clock, metrics }: Pick<Kernel, 'db' | 'clock' | 'metrics'>): void {
  metrics.collect(async (reader) => {
    const now = clock()
    const open = await db.read
      .selectFrom('inbox_item')
      .select((e) => ['project_id', e.fn.countAll<number>().as('n'), e.fn.min('opened_at').as('oldest')])
      .where('state', '=', 'open')
      .where('kind', '=', 'approval')
      .groupBy('project_id')
      .execute()
    const decided = await db.read
      .selectFrom('inbox_item')
      .select(['project_id', 'opened_at', 'decided_at', 'decision_option'])
      .where('kind', '=', 'approval')
      .where('decided_at', '>=', now - days90)
      .execute()
    const found: Reading[] = []
    for (const { project_id: project, n, oldest } of open) {
      if (!holds(reader, project, 'metrics:read')) continue
      const labels = { project }
      found.push({ metric: 'trivium_release_decisions_waiting', labels, value: Number(n) })
      found.push({ metric: 'trivium_release_decision_oldest_seconds', labels, value: (now - Number(oldest)) / 1000 })
    }
    for (const [project, items] of Map.groupBy(decided, (item) => item.project_id)) {
      if (!holds(reader, project, 'metrics:read')) continue
      const took = Float64Array.from(items.map((item) => (item.decided_at ?? 0) - item.opened_at)).sort()
      const labels = { project }
      found.push({ metric: 'trivium_release_decision_seconds', labels, value: quantileOfSorted(took, 0.5) / 1000 })
      const declined = items.filter((item) => item.decision_option === 'decline').length
      found.push({ metric: 'trivium_release_returned_ratio', labels, value: declined / items.length })
    }
    return found
  })
}
