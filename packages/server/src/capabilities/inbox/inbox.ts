import type { EventRef, InboxItem, InboxOption, Permission } from '@trivium/contract'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { accessErrors, holds, type Principal, type Scope } from '../../kernel/principal/index.ts'
import { nameOf, requireAssignee } from './assignee.ts'
import { dueJob, passDeadline } from './deadline.ts'
import { hiddenValues, maskEvidence, maskOf, maskWords, personalMask } from '../access/index.ts'
import { inboxErrors } from './errors.ts'
import type { InboxItemTable } from './tables.ts'

/** A human step to ask for. */
export interface NewInboxItem {
  project: string
  kind: 'approval' | 'review' | 'judgement' | 'consent' | 'triage' | 'acknowledgement' | 'label'
  title: string
  /** One sentence that says on what grounds to decide. */
  summary: string
  /** URN of what is decided about. */
  subject: string
  /** Anything that the decision rests on; the page shows it. */
  evidence: unknown
  options: InboxOption[]
  /** Whoever holds it may decide, unless he is an author. */
  permission: Permission
  /** Principal ids whose work is judged. */
  authors: readonly string[]
  refs?: EventRef[]
  /** Event time of the cause. */
  eventTime?: number
  dueAt?: number
  /** Name of the person or service account that shall decide; without one whoever holds the permission. */
  assignee?: string
  /** At `dueAt` an open item stays and is marked overdue (`wait`, default), or is withdrawn. */
  whenLate?: 'wait' | 'withdraw'
  /** Event time waits for the decision (a replay stops here). Default true. */
  blocksEventTime?: boolean
}

export interface Inbox {
  /** Opens an item in the transaction of whoever asks; event `inbox.opened`. */
  open(trx: Trx, by: Principal, item: NewInboxItem): Promise<{ id: string; urn: string }>
  /** Gives an open item to somebody who may decide it, or with null to all who may; event `inbox.assigned`. */
  assign(scope: Scope, id: string, assignee: string | null): Promise<InboxItem>
  /** Takes back an open item whose question has gone; does nothing when it was decided. */
  withdraw(trx: Trx, by: Principal, project: string, id: string): Promise<void>
  /** Records the decision; event `inbox.decided` with data {item, option, reason, subject}. */
  decide(scope: Scope, id: string, decision: { option: string; reason: string }): Promise<InboxItem>
  list(
    scope: Scope,
    view: 'mine' | 'team' | 'done',
    limit: number,
  ): Promise<{ items: InboxItem[]; mine: number; team: number }>
  get(scope: Scope, id: string): Promise<InboxItem>
}

export function createInbox({
  db,
  clock,
  events,
  watermark,
  jobs,
}: Pick<Kernel, 'db' | 'clock' | 'events' | 'watermark' | 'jobs'>): Inbox {
  jobs.handle({
    kind: dueJob,
    concurrency: 1,
    handle: (job) => job.complete((trx) => passDeadline({ clock, events }, trx, job.project, job.input.item)),
  })
  watermark.addBlocker(async (project) => {
    const waiting = await db.read
      .selectFrom('inbox_item')
      .select(['title', 'evidence'])
      .where('project_id', '=', project)
      .where('state', '=', 'open')
      .where('blocks_event_time', '=', 1)
      .execute()
    if (waiting.length === 0) return []
    const mask = await personalMask(db.read, project)
    return waiting.map(
      ({ title, evidence }) =>
        `a person has to decide: ${maskWords(mask, title, hiddenValues(mask, JSON.parse(evidence)))}`,
    )
  })

  const require = async (reader: Reader, project: string, id: string): Promise<InboxItemTable> => {
    const row = await reader
      .selectFrom('inbox_item')
      .selectAll()
      .where('project_id', '=', project)
      .where('id', '=', id)
      .executeTakeFirst()
    if (!row) throw inboxErrors.ITEM_NOT_FOUND(id)
    return row
  }

  const present = async (reader: Reader, scope: Scope, rows: InboxItemTable[]): Promise<InboxItem[]> => {
    const ids = [
      ...new Set(rows.flatMap((row) => [row.opened_by, row.decided_by, row.assignee].filter((one) => one !== null))),
    ]
    const names = new Map(
      (ids.length === 0
        ? []
        : await reader.selectFrom('principal').select(['id', 'name']).where('id', 'in', ids).execute()
      ).map((p) => [p.id, p.name]),
    )
    const mask = await maskOf(reader, scope)
    return rows.map((row) => {
      const evidence: unknown = JSON.parse(row.evidence)
      const hidden = hiddenValues(mask, evidence)
      const because = row.state === 'open' ? reasonAgainst(scope, row, names) : null
      return {
        id: row.id,
        urn: urn(row.project_id, 'inbox', row.id),
        kind: row.kind,
        title: maskWords(mask, row.title, hidden),
        summary: maskWords(mask, row.summary, hidden),
        subject: row.subject,
        refs: JSON.parse(row.refs),
        evidence: maskEvidence(mask, evidence, hidden),
        options: JSON.parse(row.options),
        permission: row.permission,
        state: row.state,
        mayDecide: row.state === 'open' && because === null,
        mayNotBecause: because,
        openedAt: row.opened_at,
        openedBy: row.opened_by,
        openedByName: names.get(row.opened_by) ?? row.opened_by,
        eventTime: row.event_time,
        dueAt: row.due_at,
        assignee: row.assignee === null ? null : { id: row.assignee, name: names.get(row.assignee) ?? row.assignee },
        whenLate: row.when_late,
        overdueAt: row.overdue_at,
        decision:
          row.decided_by === null
            ? null
            : {
                option: row.decision_option ?? '',
                reason: maskWords(mask, row.decision_reason ?? '', hidden),
                by: row.decided_by,
                byName: names.get(row.decided_by) ?? row.decided_by,
                at: row.decided_at ?? 0,
              },
      }
    })
  }

  const get = async (reader: Reader, scope: Scope, id: string): Promise<InboxItem> => {
    const [item] = await present(reader, scope, [await require(reader, scope.project, id)])
    if (!item) throw inboxErrors.ITEM_NOT_FOUND(id)
    return item
  }

  return {
    open: async (trx, by, item) => {
      const id = newId('inb')
      const itemUrn = urn(item.project, 'inbox', id)
      const eventTime = item.eventTime ?? (await watermark.read(asReader(trx), item.project)).at
      const refs = item.refs ?? []
      // Events are for everybody who may read them.
      const mask = await personalMask(asReader(trx), item.project)
      const title = maskWords(mask, item.title, hiddenValues(mask, item.evidence))
      const assignee =
        item.assignee === undefined ? null : await requireAssignee(trx, item.project, item, item.assignee, clock())
      await trx
        .insertInto('inbox_item')
        .values({
          project_id: item.project,
          id,
          kind: item.kind,
          title: item.title,
          summary: item.summary,
          subject: item.subject,
          refs: JSON.stringify(refs),
          evidence: JSON.stringify(item.evidence ?? null),
          options: JSON.stringify(item.options),
          permission: item.permission,
          authors: JSON.stringify(item.authors),
          blocks_event_time: item.blocksEventTime === false ? 0 : 1,
          state: 'open',
          opened_at: clock(),
          opened_by: by.id,
          event_time: eventTime,
          due_at: item.dueAt ?? null,
          decision_option: null,
          decision_reason: null,
          decided_by: null,
          decided_at: null,
          assignee,
          when_late: item.whenLate ?? 'wait',
          overdue_at: null,
        })
        .execute()
      if (item.dueAt !== undefined)
        await jobs.enqueue(trx, {
          project: item.project,
          kind: dueJob,
          key: id,
          input: { item: id },
          notBefore: item.dueAt,
        })
      await events.append(trx, {
        project: item.project,
        name: 'inbox.opened',
        schema: 1,
        by: by.id,
        subject: itemUrn,
        refs: [{ rel: 'input', urn: item.subject, as: 'about' }, ...refs],
        eventTime,
        data: { kind: item.kind, title, assignee, dueAt: item.dueAt ?? null },
      })
      return { id, urn: itemUrn }
    },
    withdraw: async (trx, by, project, id) => {
      const row = await trx
        .updateTable('inbox_item')
        .set({ state: 'withdrawn' })
        .where('project_id', '=', project)
        .where('id', '=', id)
        .where('state', '=', 'open')
        .returning('subject')
        .executeTakeFirst()
      if (row) await jobs.withdraw(trx, { project, kind: dueJob, key: id })
      if (row)
        await events.append(trx, {
          project,
          name: 'inbox.withdrawn',
          schema: 1,
          by: by.id,
          subject: urn(project, 'inbox', id),
          refs: [{ rel: 'about', urn: row.subject, as: 'about' }],
          data: {},
        })
    },
    decide: async (scope, id, decision) => {
      await db.write.transaction().execute(async (trx) => {
        const row = await require(asReader(trx), scope.project, id)
        if (!holds(scope.principal, scope.project, row.permission))
          throw accessErrors.FORBIDDEN(row.permission, scope.project)
        if (isAuthor(scope.principal, row)) throw inboxErrors.OWN_WORK()
        if (row.assignee !== null && row.assignee !== actor(scope.principal))
          throw inboxErrors.NOT_ASSIGNED(await nameOf(trx, row.assignee))
        const options = JSON.parse(row.options) as InboxOption[]
        const option = options.find((o) => o.id === decision.option)
        if (!option) throw inboxErrors.UNKNOWN_OPTION(decision.option, options.map((o) => o.id).join(', '))
        if (option.needsReason && decision.reason.trim() === '') throw inboxErrors.REASON_NEEDED(option.label)
        const { numUpdatedRows } = await trx
          .updateTable('inbox_item')
          .set({
            state: 'decided',
            decision_option: option.id,
            decision_reason: decision.reason,
            decided_by: scope.principal.id,
            decided_at: clock(),
          })
          .where('project_id', '=', scope.project)
          .where('id', '=', id)
          .where('state', '=', 'open')
          .executeTakeFirst()
        if (numUpdatedRows === 0n)
          throw row.state === 'withdrawn'
            ? inboxErrors.WITHDRAWN()
            : inboxErrors.ALREADY_DECIDED(row.decided_by ?? 'Somebody', row.decision_option ?? '')
        await jobs.withdraw(trx, { project: scope.project, kind: dueJob, key: id })
        await events.append(trx, {
          project: scope.project,
          name: 'inbox.decided',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'inbox', id),
          eventTime: row.event_time,
          refs: [{ rel: 'input', urn: row.subject, as: 'about' }],
          data: { item: id, kind: row.kind, option: option.id, reason: decision.reason, subject: row.subject },
        })
      })
      return get(db.read, scope, id)
    },
    assign: async (scope, id, name) => {
      await db.write.transaction().execute(async (trx) => {
        const row = await require(asReader(trx), scope.project, id)
        if (
          !holds(scope.principal, scope.project, row.permission) &&
          !holds(scope.principal, scope.project, 'project:admin')
        )
          throw accessErrors.FORBIDDEN(row.permission, scope.project)
        const authors = JSON.parse(row.authors) as string[]
        const assignee =
          name === null
            ? null
            : await requireAssignee(trx, scope.project, { permission: row.permission, authors }, name, clock())
        const { numUpdatedRows } = await trx
          .updateTable('inbox_item')
          .set({ assignee })
          .where('project_id', '=', scope.project)
          .where('id', '=', id)
          .where('state', '=', 'open')
          .executeTakeFirst()
        if (numUpdatedRows === 0n) throw inboxErrors.NOT_OPEN(row.state)
        await events.append(trx, {
          project: scope.project,
          name: 'inbox.assigned',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'inbox', id),
          refs: [{ rel: 'about', urn: row.subject, as: 'about' }],
          data: { item: id, assignee, before: row.assignee },
        })
      })
      return get(db.read, scope, id)
    },
    list: async (scope, view, limit) => {
      const open = await db.read
        .selectFrom('inbox_item')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('state', '=', 'open')
        .orderBy('opened_at', 'desc')
        .limit(1000)
        .execute()
      const mine = open.filter((row) => reasonAgainst(scope, row) === null)
      const rows =
        view === 'mine'
          ? mine
          : view === 'team'
            ? open
            : await db.read
                .selectFrom('inbox_item')
                .selectAll()
                .where('project_id', '=', scope.project)
                .where('state', '<>', 'open')
                .orderBy('decided_at', 'desc')
                .limit(limit)
                .execute()
      return { items: await present(db.read, scope, rows.slice(0, limit)), mine: mine.length, team: open.length }
    },
    get: (scope, id) => get(db.read, scope, id),
  }
}

function isAuthor(principal: Principal, row: InboxItemTable): boolean {
  return (JSON.parse(row.authors) as string[]).includes(actor(principal))
}

const actor = (principal: Principal): string => principal.onBehalfOf ?? principal.id

function reasonAgainst(scope: Scope, row: InboxItemTable, names?: ReadonlyMap<string, string>): string | null {
  if (!holds(scope.principal, scope.project, row.permission))
    return `It needs ${row.permission}, which you do not hold in this project.`
  if (isAuthor(scope.principal, row)) return 'It is your own work; somebody else has to decide.'
  if (row.assignee !== null && row.assignee !== actor(scope.principal))
    return `It is assigned to ${names?.get(row.assignee) ?? row.assignee}.`
  return null
}
