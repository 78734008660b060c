import type { AlertEvidence, AlertUsefulness, EventRef } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { type Principal, systemScope } from '../../kernel/principal/index.ts'
import { maskWords, personalMask } from '../access/index.ts'
import type { Inbox } from '../inbox/index.ts'
import { operationErrors } from './errors.ts'
import type { AlertMomentTable, AlertTable } from './tables.ts'

export type AlertDeps = Pick<Kernel, 'clock' | 'events'> & { inbox: Inbox }

/** Who acts when nobody does. */
export const systemOf = (project: string): Principal => systemScope(project, 'operations').principal

export interface NewAlert
  extends Pick<
    AlertTable,
    | 'project_id'
    | 'kind'
    | 'title'
    | 'monitor'
    | 'about'
    | 'deployment'
    | 'release'
    | 'model'
    | 'model_version'
    | 'event_time'
  > {
  readonly evidence: AlertEvidence
  readonly refs: readonly EventRef[]
}

/** Opens an alert and asks in the inbox for somebody to look after it; event `alert.opened`. While one of its kind is open, that one is returned instead. */
export async function openAlert(
  { clock, events, inbox }: AlertDeps,
  trx: Trx,
  alert: NewAlert,
): Promise<{ id: string; isNew: boolean }> {
  const { evidence, refs, ...fields } = alert
  const project = fields.project_id
  const open = await trx
    .selectFrom('alert')
    .select('id')
    .where('project_id', '=', project)
    .where('monitor', '=', fields.monitor)
    .where('kind', '=', fields.kind)
    .where('about', '=', fields.about)
    .where('state', '!=', 'resolved')
    .executeTakeFirst()
  if (open) return { id: open.id, isNew: false }
  const id = newId('alr')
  const subject = urn(project, 'alert', id)
  const by = systemOf(project)
  const item = await inbox.open(trx, by, {
    project,
    kind: 'acknowledgement',
    title: fields.title,
    summary: evidence.sentence,
    subject,
    evidence,
    options: [
      {
        id: 'acknowledge',
        label: 'Acknowledge',
        consequence: 'Says that you look after it. The alert stays open until its cause is gone.',
      },
      { id: 'noise', label: 'It is noise', consequence: 'Acknowledges it and says that it was not worth an alert.' },
    ],
    permission: 'alert:write',
    authors: [],
    eventTime: fields.event_time,
    blocksEventTime: false,
  })
  await trx
    .insertInto('alert')
    .values({
      ...fields,
      id,
      state: 'open',
      evidence: JSON.stringify(evidence),
      inbox_item: item.id,
      opened_at: clock(),
      acknowledged_at: null,
      acknowledged_by: null,
      note: null,
      resolved_at: null,
      resolved_event_time: null,
      resolved_reason: null,
      resolved_by: null,
      useful: null,
    })
    .execute()
  await addMoment({ clock }, trx, {
    project_id: project,
    alert: id,
    event_time: fields.event_time,
    what: 'opened',
    detail: evidence.sentence,
    by: by.id,
    urn: urn(project, 'monitor', fields.monitor),
  })
  // Events are for everybody who may read them.
  const shown = await shownTitle(trx, fields)
  await events.append(trx, {
    project,
    name: 'alert.opened',
    schema: 1,
    by: by.id,
    subject,
    refs: [...refs],
    eventTime: fields.event_time,
    data: {
      alert: id,
      kind: fields.kind,
      monitor: fields.monitor,
      deployment: fields.deployment,
      release: fields.release,
      model: fields.model,
      version: fields.model_version,
      ...(fields.kind === 'drift' ? { feature: fields.about } : { metric: fields.about }),
      title: shown,
      fact: `${shown}, open`,
    },
  })
  return { id, isNew: true }
}

/** Says that somebody looks after an alert; event `alert.acknowledged`. */
export async function acknowledgeAlert(
  deps: AlertDeps,
  trx: Trx,
  project: string,
  id: string,
  { by, note, decided }: { by: string; note: string; decided: boolean },
): Promise<void> {
  const row = await requireAlert(trx, project, id)
  if (row.state === 'resolved') throw operationErrors.RESOLVED(row.resolved_reason ?? '')
  if (row.state === 'acknowledged') throw operationErrors.ACKNOWLEDGED(await nameOf(trx, row.acknowledged_by ?? ''))
  await change(trx, project, id, {
    state: 'acknowledged',
    acknowledged_at: deps.clock(),
    acknowledged_by: by,
    note: note === '' ? null : note,
  })
  await addMoment(deps, trx, {
    project_id: project,
    alert: id,
    event_time: null,
    what: 'acknowledged',
    detail: note,
    by,
    urn: null,
  })
  if (!decided && row.inbox_item) await deps.inbox.withdraw(trx, systemOf(project), project, row.inbox_item)
  await deps.events.append(trx, {
    project,
    name: 'alert.acknowledged',
    schema: 1,
    by,
    subject: urn(project, 'alert', id),
    refs: [],
    data: { alert: id, kind: row.kind, monitor: row.monitor, fact: `${await shownTitle(trx, row)}, acknowledged` },
  })
}

/** Closes an alert with the reason; event `alert.resolved`. Does nothing when it is closed. */
export async function resolveAlert(
  deps: AlertDeps,
  trx: Trx,
  row: AlertTable,
  {
    by,
    reason,
    eventTime,
    refs = [],
  }: { by: string; reason: string; eventTime: number | null; refs?: readonly EventRef[] },
): Promise<void> {
  const { project_id: project, id } = row
  if (row.state === 'resolved') return
  await change(trx, project, id, {
    state: 'resolved',
    resolved_at: deps.clock(),
    resolved_event_time: eventTime,
    resolved_reason: reason,
    resolved_by: by,
  })
  await addMoment(deps, trx, {
    project_id: project,
    alert: id,
    event_time: eventTime,
    what: 'resolved',
    detail: reason,
    by,
    urn: refs[0]?.urn ?? null,
  })
  if (row.inbox_item && row.state === 'open') await deps.inbox.withdraw(trx, systemOf(project), project, row.inbox_item)
  await deps.events.append(trx, {
    project,
    name: 'alert.resolved',
    schema: 1,
    by,
    subject: urn(project, 'alert', id),
    refs: [...refs],
    ...(eventTime === null ? {} : { eventTime }),
    data: { alert: id, kind: row.kind, monitor: row.monitor, fact: `${await shownTitle(trx, row)}, resolved` },
  })
}

/** Stores whether an alert was useful; event `alert.rated`. */
export async function rateAlert(
  deps: AlertDeps,
  trx: Trx,
  project: string,
  id: string,
  { by, answer }: { by: string; answer: AlertUsefulness },
): Promise<void> {
  const row = await requireAlert(trx, project, id)
  if (row.useful === answer) return
  await change(trx, project, id, { useful: answer })
  await addMoment(deps, trx, {
    project_id: project,
    alert: id,
    event_time: null,
    what: 'rated',
    detail: answer,
    by,
    urn: null,
  })
  await deps.events.append(trx, {
    project,
    name: 'alert.rated',
    schema: 1,
    by,
    subject: urn(project, 'alert', id),
    refs: [],
    data: { alert: id, answer, fact: `${await shownTitle(trx, row)}, ${row.state}, ${answer}` },
  })
}

/** The title without values of personal columns. */
const shownTitle = async (trx: Trx, { project_id: project, title }: Pick<AlertTable, 'project_id' | 'title'>) =>
  maskWords(await personalMask(asReader(trx), project), title)

/** Adds a line to an alert's history. */
export async function addMoment(
  { clock }: Pick<Kernel, 'clock'>,
  trx: Trx,
  moment: Omit<AlertMomentTable, 'id' | 'at'>,
): Promise<void> {
  await trx
    .insertInto('alert_moment')
    .values({ ...moment, id: newId('alm'), at: clock() })
    .execute()
}

export async function requireAlert(trx: Trx, project: string, id: string): Promise<AlertTable> {
  const row = await asReader(trx)
    .selectFrom('alert')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw operationErrors.ALERT_NOT_FOUND(id)
  return row
}

async function change(trx: Trx, project: string, id: string, values: Partial<AlertTable>): Promise<void> {
  await trx.updateTable('alert').set(values).where('project_id', '=', project).where('id', '=', id).execute()
}

async function nameOf(trx: Trx, id: string): Promise<string> {
  const person = await asReader(trx).selectFrom('principal').select('name').where('id', '=', id).executeTakeFirst()
  return person?.name ?? 'Somebody'
}
