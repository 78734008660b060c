import type { MonitorDefinition, SealedEvent } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { MonitorTable } from './tables.ts'
import { windowGrid } from './window-grid.ts'

type Deps = Pick<Kernel, 'jobs' | 'watermark'>

export const followedEvents = [
  'watermark.advanced',
  'predictions.committed',
  'labels.committed',
  'release.activated',
  'release.rolled-back',
] as const

/** Asks for a look at a monitor: once more than it has been asked, so that a look under way knows that it is not the last. */
export async function wantLook(
  { jobs }: Pick<Deps, 'jobs'>,
  trx: Trx,
  { project_id: project, name }: Pick<MonitorTable, 'project_id' | 'name'>,
): Promise<void> {
  await trx
    .updateTable('monitor')
    .set((e) => ({ wanted: e('wanted', '+', 1) }))
    .where('project_id', '=', project)
    .where('name', '=', name)
    .execute()
  await jobs.enqueue(trx, { project, kind: 'monitor', key: name, input: { monitor: name } })
}

/** Whether event time has come far enough for a look: a window has ended, or labels may have ripened one. */
export function isDue(monitor: MonitorTable, to: number): boolean {
  const definition = JSON.parse(monitor.definition) as MonitorDefinition
  const { size } = windowGrid(definition)
  if (monitor.next_start === null || to >= monitor.next_start + size) return true
  return definition.performance !== undefined && to - monitor.label_as_of >= size / 14
}

/** Decides, in the consumer's transaction, which monitors have to look at what. */
export async function followEvents(deps: Deps, trx: Trx, events: readonly SealedEvent[]): Promise<void> {
  for (const event of events) {
    const monitors = await monitorsOf(trx, event)
    for (const monitor of monitors) await follow(deps, trx, event, monitor)
  }
}

async function monitorsOf(trx: Trx, event: SealedEvent): Promise<MonitorTable[]> {
  let query = asReader(trx).selectFrom('monitor').selectAll().where('project_id', '=', event.project).orderBy('name')
  if (event.name !== 'watermark.advanced') query = query.where('deployment', '=', String(event.data['deployment']))
  return query.execute()
}

async function follow(deps: Deps, trx: Trx, event: SealedEvent, monitor: MonitorTable): Promise<void> {
  const change = (values: Partial<MonitorTable>) =>
    trx
      .updateTable('monitor')
      .set(values)
      .where('project_id', '=', monitor.project_id)
      .where('name', '=', monitor.name)
      .execute()
  switch (event.name) {
    case 'watermark.advanced': {
      const to = Number(event.data['to'])
      // A replay begins, in a time before the one that the monitor has followed so far.
      const anew = event.data['from'] === null && monitor.next_start !== null && monitor.next_start > to
      if (anew) await change({ next_start: null, label_as_of: 0 })
      if (anew || isDue(monitor, to)) await wantLook(deps, trx, monitor)
      return
    }
    case 'predictions.committed': {
      const oldest = Number(event.data['minTime'])
      if (monitor.next_start === null || oldest >= monitor.next_start) return
      await change({ late_from: Math.min(oldest, monitor.late_from ?? oldest) })
      return wantLook(deps, trx, monitor)
    }
    case 'labels.committed': {
      const { at, mode } = await deps.watermark.read(asReader(trx), event.project)
      const firstId = event.data['firstId']
      if (typeof firstId === 'string' && firstId < monitor.label_id) await change({ label_id: firstId })
      // Labels of a replay are known ahead of event time and count when it has come there; on the wall clock the timer looks.
      if (mode === 'replay' && Number(event.data['minTime']) <= at && monitor.next_start !== null)
        await wantLook(deps, trx, monitor)
      return
    }
    default: {
      const model = event.refs.map(({ urn }) => parseUrn(urn)).find((parts) => parts?.kind === 'model')
      const release = parseUrn(event.subject)?.id
      if (release === undefined || release === monitor.release) return
      await change({
        release,
        model: model?.id ?? null,
        model_version: model?.version === undefined ? null : Number(model.version),
        release_since: event.eventTime ?? event.at,
        follows: 1,
        state: 'waiting',
        headline: `Waiting for the first window of ${model?.id ?? 'the new release'}${model?.version === undefined ? '' : ` v${model.version}`}.`,
      })
      // It starts anew, also when it comes back.
      await trx
        .updateTable('monitor_release')
        .set({ drift: '{}', performance: '{}' })
        .where('project_id', '=', monitor.project_id)
        .where('monitor', '=', monitor.name)
        .where('release', '=', release)
        .execute()
    }
  }
}
