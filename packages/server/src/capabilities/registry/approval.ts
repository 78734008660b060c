import type { Evidence, SealedEvent } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { knownEvents, sealedEventOf } from '../../kernel/events/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import { actOnce } from '../../kernel/jobs/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { systemScope } from '../../kernel/principal/index.ts'
import type { Inbox } from '../inbox/index.ts'
import { registryErrors } from './errors.ts'
import { attachEvidence, makeEvidence } from './evidence.ts'
import type { RegistryDeps } from './models.ts'
import { readEvidence, requireVersion, versionUrn } from './read-models.ts'
import type { ModelVersionTable } from './tables.ts'

/** What an approval request says beside the version. */
export interface ApprovalRequest {
  /** Principal ids, beside the version's own authors, that may not decide. */
  readonly authors?: readonly string[]
  readonly dueAt?: number
  /** Name of whoever shall decide. */
  readonly assignee?: string
  /** Milliseconds from now until it is due. */
  readonly dueIn?: number
  readonly whenLate?: 'wait' | 'withdraw'
  /** A step's key: whoever comes again with it gets the item that was opened. */
  readonly once?: string
}

/** Opens the request for approval in the inbox; while one is open, that one is the answer. */
export async function requestApproval(
  deps: RegistryDeps & { inbox: Inbox },
  scope: Scope,
  model: string,
  version: number,
  request: ApprovalRequest,
): Promise<{ item: string; urn: string }> {
  const { db, clock, inbox } = deps
  const { project } = scope
  const { once } = request
  return db.write
    .transaction()
    .execute(async (trx) =>
      once === undefined
        ? open(trx)
        : (await actOnce(trx, { project, key: `${once}/approval`, at: clock() }, () => open(trx))).result,
    )

  async function open(trx: Trx): Promise<{ item: string; urn: string }> {
    await trx
      .updateTable('model_version')
      .set({ updated_at: clock() })
      .where('project_id', '=', project)
      .where('model', '=', model)
      .where('version', '=', version)
      .execute()
    const row = await requireVersion(asReader(trx), project, model, version)
    if (row.approval === 'waiting' && row.approval_item !== null)
      return { item: parseUrn(row.approval_item)?.id ?? '', urn: row.approval_item }
    if (row.approval === 'approved') throw registryErrors.NO_APPROVAL_NEEDED(model, version)
    const evidence = await readEvidence(asReader(trx), project, model, version)
    const subject = versionUrn(project, model, version)
    const { id, urn } = await inbox.open(trx, scope.principal, {
      project,
      kind: 'approval',
      title: `Approve ${model} v${version}`,
      summary: summaryOf(row, evidence),
      subject,
      permission: 'inbox:decide',
      evidence: { model, version, run: row.run_id, gate: row.gate, gateReason: row.gate_reason, records: evidence },
      options: [
        {
          id: 'approve',
          label: 'Approve',
          consequence: `v${version} may be deployed; nothing is deployed by this alone unless a pipeline waits for it.`,
        },
        {
          id: 'decline',
          label: 'Decline',
          consequence: `v${version} stays registered and cannot be deployed.`,
          needsReason: true,
        },
      ],
      authors: [...new Set([...(JSON.parse(row.authors) as string[]), ...(request.authors ?? [])])],
      ...(request.assignee === undefined ? {} : { assignee: request.assignee }),
      ...(request.whenLate === undefined ? {} : { whenLate: request.whenLate }),
      ...(request.dueIn === undefined ? {} : { dueAt: clock() + request.dueIn }),
      ...(request.dueAt === undefined ? {} : { dueAt: request.dueAt }),
    })
    await trx
      .updateTable('model_version')
      .set({ approval: 'waiting', approval_item: urn })
      .where('project_id', '=', project)
      .where('model', '=', model)
      .where('version', '=', version)
      .execute()
    return { item: id, urn }
  }
}

/** The one sentence on which somebody decides: the gate's reason, else what the evidence found. */
function summaryOf(row: ModelVersionTable, evidence: readonly Evidence[]): string {
  if (row.gate_reason !== null)
    return row.gate === 'failed' ? `The gate rejected it: ${row.gate_reason}` : row.gate_reason
  return (
    evidence.findLast((record) => record.kind === 'comparison' || record.kind === 'evaluation')?.summary ??
    'No evidence was attached to this version.'
  )
}

/** Takes decisions over: the version's state, its approval evidence and the event `model-version.approved` or `.declined`. Runs in the consumer's transaction. */
export async function applyDecisions(deps: RegistryDeps, trx: Trx, events: readonly SealedEvent[]): Promise<void> {
  for (const event of events) {
    if (event.name === 'inbox.decided') await applyDecision(deps, trx, event)
    else {
      await trx
        .updateTable('model_version')
        .set({ approval: null })
        .where('project_id', '=', event.project)
        .where('approval_item', '=', event.subject)
        .where('approval', '=', 'waiting')
        .execute()
    }
  }
}

/** Takes over the decision of an item at once, where there is one: whoever goes on because of it must not be ahead of the registry. The consumer, when it comes to it, finds it done. */
export async function catchUp(deps: RegistryDeps, project: string, item: string): Promise<void> {
  const { db } = deps
  const decided = await knownEvents(db.read)
    .selectAll()
    .where('project_id', '=', project)
    .where('subject', '=', item)
    .where('name', '=', 'inbox.decided')
    .executeTakeFirst()
  if (decided) await db.write.transaction().execute((trx) => applyDecision(deps, trx, sealedEventOf(decided)))
}

async function applyDecision(deps: RegistryDeps, trx: Trx, event: SealedEvent): Promise<void> {
  const { project } = event
  const approved = event.data['option'] === 'approve'
  const reason = typeof event.data['reason'] === 'string' ? event.data['reason'] : ''
  // Of several who come with the decision (the consumer, a step that waited), one finds the version waiting.
  const row = await trx
    .updateTable('model_version')
    .set({ approval: approved ? 'approved' : 'declined', updated_at: deps.clock() })
    .where('project_id', '=', project)
    .where('approval_item', '=', event.subject)
    .where('approval', '=', 'waiting')
    .returning(['model', 'version', 'deleted_at'])
    .executeTakeFirst()
  if (!row) return
  const { model, version } = row
  const subject = versionUrn(project, model, version)
  const by = await trx.selectFrom('principal').select('name').where('id', '=', event.by).executeTakeFirst()
  const scope: Scope = systemScope(project, 'registry')
  const word = approved ? 'approved' : 'declined'
  if (row.deleted_at === null) {
    await attachEvidence(
      deps,
      trx,
      scope,
      model,
      version,
      makeEvidence({
        kind: 'approval',
        verdict: approved ? 'passed' : 'failed',
        summary: `${by?.name ?? event.by} ${word} it${reason === '' ? '.' : `: ${reason}`}`,
        at: event.at,
        by: event.by,
        subjects: [subject, event.subject],
        data: { item: event.subject, option: String(event.data['option']), reason },
      }),
    )
  }
  await deps.events.append(trx, {
    project,
    name: `model-version.${word}`,
    schema: 1,
    by: event.by,
    subject,
    refs: [{ rel: 'input', urn: event.subject, as: 'decided-in' }],
    ...(event.eventTime === null ? {} : { eventTime: event.eventTime }),
    data: { model, version, fact: word },
  })
}
