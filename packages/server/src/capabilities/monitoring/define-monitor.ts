import type { MonitorDefinition } from '@trivium/contract'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { wantLook } from './follow-events.ts'
import type { ModelFacts } from './model-facts.ts'
import { checkDefinition } from './policies.ts'
import type { MonitorTable } from './tables.ts'
import { windowGrid } from './window-grid.ts'

/** The release that a deployment points to. */
export type CurrentRelease = (
  scope: Scope,
  deployment: string,
) => Promise<{ release: string; model: string; version: number } | undefined>

/** Makes a monitor or changes it; event `monitor.defined`. The same definition again changes nothing. */
export async function defineMonitor(
  deps: Pick<Kernel, 'db' | 'clock' | 'events' | 'jobs' | 'watermark'> & {
    facts: ModelFacts
    currentRelease: CurrentRelease | undefined
  },
  scope: Scope,
  name: string,
  definition: MonitorDefinition,
): Promise<void> {
  const { db, clock, events, watermark, facts, currentRelease } = deps
  checkDefinition(definition)
  const { project } = scope
  const reference = definition.drift?.reference ?? 'auto'
  if (reference !== 'auto') await facts.dataset(scope, reference)
  const current = await currentRelease?.(scope, definition.deployment)
  const text = JSON.stringify(definition)
  const { at: now } = await watermark.read(db.read, project)
  await db.write.transaction().execute(async (trx) => {
    const before = await trx
      .selectFrom('monitor')
      .selectAll()
      .where('project_id', '=', project)
      .where('name', '=', name)
      .executeTakeFirst()
    if (before?.definition === text) return
    const row = {
      deployment: definition.deployment,
      definition: text,
      version: (before?.version ?? 0) + 1,
      next_start: before ? nextStartAfter(before, definition, now) : null,
      release: current?.release ?? null,
      model: current?.model ?? null,
      model_version: current?.version ?? null,
      release_since: 0,
      follows: current ? 1 : 0,
      state: 'waiting' as const,
      headline: 'Waiting for the first window.',
      late_from: null,
      // What was counted by the definition before stays counted.
      label_id: before?.label_id ?? '',
      label_as_of: before?.label_as_of ?? 0,
      label_delay: null,
      updated_at: clock(),
    }
    await trx
      .insertInto('monitor')
      .values({ project_id: project, name, wanted: 0, created_at: clock(), created_by: scope.principal.id, ...row })
      .onConflict((c) => c.columns(['project_id', 'name']).doUpdateSet(row))
      .execute()
    // What a rule remembers was judged by another rule.
    await trx.deleteFrom('monitor_release').where('project_id', '=', project).where('monitor', '=', name).execute()
    await events.append(trx, {
      project,
      name: 'monitor.defined',
      schema: 1,
      by: scope.principal.id,
      subject: urn(project, 'monitor', name),
      refs: [{ rel: 'input', urn: urn(project, 'deployment', definition.deployment), as: 'watches' }],
      data: {
        monitor: name,
        deployment: definition.deployment,
        version: row.version,
        fact: `watches ${definition.deployment}, ${definition.window} windows`,
      },
    })
    await wantLook(deps, trx, { project_id: project, name })
  })
}

/** The next window that begins after what was closed before, on the new grid. */
function nextStartAfter(before: MonitorTable, definition: MonitorDefinition, now: number): number | null {
  const old = JSON.parse(before.definition) as MonitorDefinition
  const same =
    old.deployment === definition.deployment && old.window === definition.window && old.anchor === definition.anchor
  if (same || before.next_start === null) return before.next_start
  const grid = windowGrid(definition)
  const start = grid.startOf(old.deployment === definition.deployment ? before.next_start : now)
  return start < before.next_start ? start + grid.size : start
}
