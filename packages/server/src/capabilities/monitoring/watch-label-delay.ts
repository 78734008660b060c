import type { LabelDelay, LabelDelayWarning, MonitorDefinition } from '@trivium/contract'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Outcomes } from '../outcomes/index.ts'
import { type Cadence, labelDelayWarnings } from './label-delay-warnings.ts'
import type { MonitorTable } from './tables.ts'

/** Cadences of all pipelines of a project. */
export type Cadences = (
  scope: Scope,
) => Promise<readonly (Cadence & { readonly deployments: readonly string[]; readonly monitors: readonly string[] })[]>

type Deps = Pick<Kernel, 'db' | 'events'> & { outcomes: Pick<Outcomes, 'delays'>; cadences: Cadences | undefined }

/** How long labels take, and what of the monitor, and of the pipelines that retrain its model, that disrupts. */
export async function readLabelDelay(
  { outcomes, cadences }: Deps,
  scope: Scope,
  monitor: MonitorTable,
): Promise<{ asOf: number; predicted: number; sources: LabelDelay[]; warnings: LabelDelayWarning[] }> {
  const found = await outcomes.delays(scope, monitor.deployment, {})
  const definition = JSON.parse(monitor.definition) as MonitorDefinition
  const concerned = ((await cadences?.(scope)) ?? []).filter(
    ({ deployments, monitors }) => monitors.includes(monitor.name) || deployments.includes(monitor.deployment),
  )
  return {
    ...found,
    warnings: labelDelayWarnings(found.sources, { name: monitor.name, definition, cadences: concerned }),
  }
}

/** Event `monitor.label-delay` when labels begin to disrupt something, or stop to; in between it is silent. */
export async function watchLabelDelay(deps: Deps, scope: Scope, monitor: MonitorTable): Promise<void> {
  const { asOf, warnings } = await readLabelDelay(deps, scope, monitor)
  const text = JSON.stringify(warnings.map(({ disrupts, what, source }) => ({ disrupts, what, source })))
  if (text === (monitor.label_delay ?? '[]')) return
  await deps.db.write.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('monitor')
      .set({ label_delay: text })
      .where('project_id', '=', scope.project)
      .where('name', '=', monitor.name)
      .where('version', '=', monitor.version)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) return
    await deps.events.append(trx, {
      project: scope.project,
      name: 'monitor.label-delay',
      schema: 1,
      by: 'system:monitoring',
      subject: urn(scope.project, 'monitor', monitor.name),
      refs: [{ rel: 'about', urn: urn(scope.project, 'deployment', monitor.deployment), as: 'labels of' }],
      eventTime: asOf,
      data: {
        monitor: monitor.name,
        deployment: monitor.deployment,
        warnings,
        fact: warnings[0]?.message ?? 'labels come in time again',
      },
    })
  })
}
