import type { EventRef, PipelineTrigger, SealedEvent } from '@trivium/contract'
import { asReader, type Trx } from '../../../kernel/db/index.ts'
import { parseUrn } from '../../../kernel/ids/index.ts'
import type { Engine } from '../runs/engine.ts'
import type { PipelineTriggerTable } from '../tables.ts'
import { lastDue } from './due-times.ts'
import { evaluateTrigger, type Occasion } from './evaluate-trigger.ts'
import { mismatch } from './match-event.ts'
import { occasionWords } from './occasion-words.ts'

type Deps = Pick<Engine, 'clock' | 'events' | 'jobs' | 'kinds' | 'watermark'>

/** Entities that an event was caused by and that a run it starts was caused by too. */
const causes = new Set(['monitor', 'window', 'alert', 'release', 'deployment', 'dataset', 'model', 'pipeline-run'])

/** Looks at the triggers that wait for an event. */
export async function onTriggerEvent(trx: Trx, deps: Deps, event: SealedEvent): Promise<void> {
  const rows = await trx
    .selectFrom('pipeline_trigger')
    .selectAll()
    .where('project_id', '=', event.project)
    .where('schedule', '=', 0)
    .orderBy('pipeline')
    .orderBy('name')
    .execute()
  for (const row of rows) {
    const { on } = JSON.parse(row.definition) as PipelineTrigger
    if (!on?.events.includes(event.name)) {
      if (row.deferred !== null && event.name === 'dataset.version-added') await again(trx, deps, row, event)
      continue
    }
    const eventTime = event.eventTime ?? (await deps.watermark.read(asReader(trx), event.project)).at
    const reason = mismatch(event, on.where) ?? (await ownDoing(trx, row, event))
    const rows = Number(event.data['addedRows'] ?? event.data['rows'] ?? 0)
    await evaluateTrigger(trx, deps, row, {
      kind: 'event',
      eventTime,
      summary: occasionWords(event),
      refs: causeRefs(event),
      rows,
      ...(reason === undefined ? {} : { mismatch: reason }),
    })
  }
}

/** An occasion that found the data not ready, when data have come that the pipeline may have waited for. */
async function again(trx: Trx, deps: Deps, row: PipelineTriggerTable, event: SealedEvent): Promise<void> {
  const occasion = JSON.parse(row.deferred ?? '') as Occasion
  const eventTime = Math.max(
    occasion.eventTime,
    event.eventTime ?? 0,
    (await deps.watermark.read(asReader(trx), event.project)).at,
  )
  await evaluateTrigger(trx, deps, row, { ...occasion, rows: 0, eventTime })
}

/** A pipeline that waits for new versions of the model that it registers would never come to rest. */
async function ownDoing(trx: Trx, row: PipelineTriggerTable, event: SealedEvent): Promise<string | undefined> {
  if (event.name !== 'model-version.registered') return undefined
  const runs = event.refs.map((ref) => parseUrn(ref.urn)).filter((parts) => parts?.kind === 'pipeline-run')
  for (const run of runs) {
    const found = await trx
      .selectFrom('pipeline_run')
      .select('id')
      .where('project_id', '=', event.project)
      .where('id', '=', run?.id ?? '')
      .where('pipeline', '=', row.pipeline)
      .executeTakeFirst()
    if (found) return `The version was made by this pipeline itself, in run ${found.id}.`
  }
  return undefined
}

function causeRefs(event: SealedEvent): EventRef[] {
  const known = new Set([event.subject])
  const further = event.refs.filter((ref) => {
    if (known.has(ref.urn) || !causes.has(parseUrn(ref.urn)?.kind ?? '')) return false
    known.add(ref.urn)
    return true
  })
  return [
    { rel: 'input', urn: event.subject, as: 'triggered-by' },
    ...further.map((ref) => ({ rel: 'input' as const, urn: ref.urn, as: 'cause' })),
  ]
}

/** When event time moves by hand: a project that leaves the wall clock begins anew, then what has become due fires. */
export async function onWatermark(trx: Trx, deps: Deps, event: SealedEvent): Promise<void> {
  const to = Number(event.data['to'])
  if (event.data['from'] === null) {
    await trx
      .updateTable('pipeline_trigger')
      .set({ evaluated_to: to, cooldown_until: null })
      .where('project_id', '=', event.project)
      .execute()
    return
  }
  await evaluateSchedules(trx, deps, event.project, to)
}

/** Fires each schedule once for the newest time up to `to` at which it was due and which nobody has looked at, however many there were. */
export async function evaluateSchedules(trx: Trx, deps: Deps, project: string, to: number): Promise<void> {
  const rows = await trx
    .selectFrom('pipeline_trigger')
    .selectAll()
    .where('project_id', '=', project)
    .where('schedule', '=', 1)
    .where('evaluated_to', '<', to)
    .orderBy('pipeline')
    .orderBy('name')
    .execute()
  for (const row of rows) {
    const due = dueOf(row, to)
    if (due === undefined) continue
    await trx
      .updateTable('pipeline_trigger')
      .set({ evaluated_to: to })
      .where('project_id', '=', project)
      .where('pipeline', '=', row.pipeline)
      .where('name', '=', row.name)
      .execute()
    await evaluateTrigger(trx, deps, row, {
      kind: 'schedule',
      eventTime: due,
      summary: `Due at ${new Date(due).toISOString().slice(0, 16)} UTC.`,
      refs: [],
    })
  }
}

/** The newest due time that nobody has looked at. */
export function dueOf(row: Pick<PipelineTriggerTable, 'definition' | 'evaluated_to'>, to: number): number | undefined {
  const { schedule } = JSON.parse(row.definition) as PipelineTrigger
  const due = schedule && lastDue(schedule, to)
  return due !== null && due !== undefined && due > row.evaluated_to ? due : undefined
}
