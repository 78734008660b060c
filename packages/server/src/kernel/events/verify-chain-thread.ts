import type { ChainProblem, ChainReport } from '@trivium/contract'
import type { Reader } from '../db/index.ts'
import { eventDigest } from './canonical-event.ts'
import type { Checkpoint } from './checkpoint.ts'
import {
  type BatchMember,
  batchDigest,
  type EventBatchTable,
  type EventChainTable,
  noBatch,
  parseMembers,
} from './event-batch.ts'
import type { EventTable } from './event-log.ts'

const mostProblems = 100
const batchesAtOnce = 200
const eventsAtOnce = 2000

/**
 * Recomputes a project's chain from the rows of its events, but for those that the caller finds in archives, and compares it with checkpoints, whose signatures the caller has checked. Runs on a reader
 * thread (`db.offload`): a million events take seconds.
 */
export async function verifyChain(
  db: Reader,
  { project, checkpoints, archived }: { project: string; checkpoints: readonly Checkpoint[]; archived: number },
): Promise<string> {
  const problems = new Problems()
  // In this order: what the chain says of itself is then always within what is looked at, however much is written meanwhile.
  const standing = await readStanding(db, project)
  const { sealed_seq: bound } = await db.selectFrom('event_head').select('sealed_seq').executeTakeFirstOrThrow()
  const newest = checkpoints.toSorted((a, b) => a.batch - b.batch).at(-1)
  const walk: Walk = {
    db,
    project,
    problems,
    number: 0,
    digest: noBatch,
    seq: 0,
    events: 0,
    bound,
    archived,
    seen: new Map(),
  }
  const wanted = new Set(checkpoints.map(({ batch }) => batch))
  if (standing) wanted.add(standing.batches)
  for (;;) {
    const batches = await nextBatches(walk)
    if (batches.length === 0) break
    await compareBatches(walk, batches, wanted)
  }
  await findUnsealed(walk)
  await compareHead(walk, standing)
  compareCheckpoints(walk, checkpoints)
  const report: ChainReport = {
    project,
    intact: problems.total === 0,
    events: walk.events,
    batches: walk.number,
    seq: walk.seq,
    digest: walk.number === 0 ? null : walk.digest,
    checkpoint: newest ? { batch: newest.batch, seq: newest.seq, at: newest.at, keyId: newest.keyId } : null,
    problems: problems.list,
    more: problems.total - problems.list.length,
  }
  return JSON.stringify(report)
}

/** How far the comparison has come. */
interface Walk {
  readonly db: Reader
  readonly project: string
  readonly problems: Problems
  /** Up to this batch the caller compares the events with archives; rows that are still here must be right all the same. */
  readonly archived: number
  /** Nothing past it is looked at: it may still be under way. */
  readonly bound: number
  number: number
  digest: string
  seq: number
  events: number
  /** Digests of the batches that a checkpoint names. */
  readonly seen: Map<number, string>
}

class Problems {
  readonly list: ChainProblem[] = []
  total = 0
  add(problem: Partial<ChainProblem> & Pick<ChainProblem, 'kind' | 'detail'>): void {
    this.total += 1
    if (this.list.length < mostProblems) this.list.push({ seq: null, event: null, batch: null, ...problem })
  }
}

async function nextBatches({ db, project, number, bound }: Walk): Promise<EventBatchTable[]> {
  const found = await db
    .selectFrom('event_batch')
    .selectAll()
    .where('project_id', '=', project)
    .where('number', '>', number)
    .where('last_seq', '<=', bound)
    .orderBy('number')
    .limit(batchesAtOnce)
    .execute()
  let events = 0
  const end = found.findIndex((batch) => (events += batch.events) >= eventsAtOnce)
  return end === -1 ? found : found.slice(0, end + 1)
}

async function compareBatches(
  walk: Walk,
  batches: readonly EventBatchTable[],
  wanted: ReadonlySet<number>,
): Promise<void> {
  const { db, project, problems } = walk
  const from = walk.seq
  const members: (BatchMember & { batch: number })[] = []
  for (const batch of batches) {
    checkBatch(walk, batch)
    for (const member of parseMembers(batch.members)) members.push({ ...member, batch: batch.number })
    walk.number = batch.number
    walk.digest = batchDigest(batch)
    walk.seq = Math.max(walk.seq, batch.last_seq)
    if (wanted.has(batch.number)) walk.seen.set(batch.number, walk.digest)
  }
  walk.events += members.length
  const rows = await db
    .selectFrom('event')
    .selectAll()
    .where('project_id', '=', project)
    .where('seq', '>', from)
    .where('seq', '<=', walk.seq)
    .orderBy('seq')
    .execute()
  const bySeq = new Map(rows.map((row) => [row.seq, row]))
  for (const member of members) {
    const row = bySeq.get(member.seq)
    bySeq.delete(member.seq)
    if (!row && member.batch <= walk.archived) continue
    if (row?.id === member.id && eventDigest(row) === member.digest) continue
    problems.add(await describe(db, project, member, row))
  }
  for (const row of bySeq.values()) problems.add(inserted(row))
}

function checkBatch(walk: Walk, batch: EventBatchTable): void {
  const { problems, project } = walk
  const at = { seq: batch.first_seq, batch: batch.number }
  if (batch.number !== walk.number + 1)
    problems.add({
      kind: 'chain',
      seq: walk.seq + 1,
      batch: walk.number + 1,
      detail: `Batch ${walk.number + 1} of ${project} is missing${batch.number > walk.number + 2 ? `, and so are those up to ${batch.number - 1}` : ''}.`,
    })
  else if (batch.previous !== walk.digest)
    problems.add({
      kind: 'chain',
      ...at,
      detail: `Batch ${batch.number} does not follow batch ${walk.number}: one of them was made anew.`,
    })
  if (batchDigest(batch) !== batch.digest)
    problems.add({
      kind: 'chain',
      ...at,
      detail: `Batch ${batch.number} (events ${batch.first_seq} to ${batch.last_seq}) was altered: its digest is not that of its content.`,
    })
  const seqs = parseMembers(batch.members).map(({ seq }) => seq)
  const rising = seqs.every((seq, i) => seq > (seqs[i - 1] ?? walk.seq))
  if (!rising || seqs.length !== batch.events || seqs.at(0) !== batch.first_seq || seqs.at(-1) !== batch.last_seq)
    problems.add({ kind: 'chain', ...at, detail: `Batch ${batch.number} does not list the events that it names.` })
}

/** What became of a sealed event that is not where it was sealed as it was sealed. */
async function describe(
  db: Reader,
  project: string,
  member: BatchMember & { batch: number },
  row: EventTable | undefined,
): Promise<ChainProblem> {
  const about = { seq: member.seq, event: member.id, batch: member.batch }
  if (row?.id === member.id)
    return { kind: 'changed', ...about, detail: `Event ${member.seq} was changed after it was sealed.` }
  const elsewhere = await db
    .selectFrom('event')
    .select(['seq', 'project_id'])
    .where('id', '=', member.id)
    .executeTakeFirst()
  if (elsewhere && elsewhere.project_id !== project)
    return { kind: 'changed', ...about, detail: `Event ${member.seq} was moved to project ${elsewhere.project_id}.` }
  if (elsewhere)
    return {
      kind: 'reordered',
      ...about,
      detail: `Event ${member.seq} was moved: it has the number ${elsewhere.seq ?? 'none'} now.`,
    }
  return row
    ? { kind: 'changed', ...about, detail: `Event ${member.seq} was replaced by another one, ${row.id}.` }
    : { kind: 'removed', ...about, detail: `Event ${member.seq} was removed.` }
}

const inserted = (row: EventTable): Partial<ChainProblem> & Pick<ChainProblem, 'kind' | 'detail'> => ({
  kind: 'inserted',
  seq: row.seq,
  event: row.id,
  detail: `Event ${row.seq} was never sealed: it was put in from outside.`,
})

/** Rows with a number that no batch covers: before the first, or after the last. */
async function findUnsealed({ db, project, seq, bound, problems }: Walk): Promise<void> {
  const rows = await db
    .selectFrom('event')
    .selectAll()
    .where('project_id', '=', project)
    .where((e) => e.or([e.and([e('seq', '>', seq), e('seq', '<=', bound)]), e('seq', '<=', 0)]))
    .orderBy('seq')
    .limit(mostProblems)
    .execute()
  for (const row of rows) problems.add(inserted(row))
  const beyond = await db
    .selectFrom('event')
    .selectAll()
    .where('project_id', '=', project)
    .where('seq', '>', bound)
    .orderBy('seq', 'desc')
    .limit(mostProblems)
    .execute()
  if (beyond.length === 0) return
  // What was committed meanwhile is sealed by now, for numbers and seals appear together.
  const now = await db.selectFrom('event_head').select('sealed_seq').executeTakeFirstOrThrow()
  for (const row of beyond) if ((row.seq ?? 0) > now.sealed_seq) problems.add(inserted(row))
}

const readStanding = (db: Reader, project: string): Promise<EventChainTable | undefined> =>
  db.selectFrom('event_chain').selectAll().where('project_id', '=', project).executeTakeFirst()

/** The batches against the row that says where the chain stands. */
async function compareHead(walk: Walk, before: EventChainTable | undefined): Promise<void> {
  const { db, project, number, seq, seen, problems } = walk
  if (!before) {
    if (number > 0 && !(await readStanding(db, project)))
      problems.add({ kind: 'chain', seq, batch: number, detail: 'The row that says where the chain stands is gone.' })
  } else if (before.batches > number)
    problems.add({
      kind: 'truncated',
      seq: seq + 1,
      batch: number + 1,
      detail: `The chain ends with batch ${number}, but it had ${before.batches}, up to event ${before.last_seq}.`,
    })
  else if (seen.get(before.batches) !== before.digest)
    problems.add({
      kind: 'chain',
      seq: before.last_seq,
      batch: before.batches,
      detail: `Batch ${before.batches} is not the one that the chain stood at.`,
    })
}

function compareCheckpoints({ number, seq, seen, problems }: Walk, checkpoints: readonly Checkpoint[]): void {
  let good = 0
  for (const checkpoint of checkpoints.toSorted((a, b) => a.batch - b.batch)) {
    const signed = new Date(checkpoint.at).toISOString()
    if (seen.get(checkpoint.batch) === checkpoint.digest) good = checkpoint.seq
    else if (checkpoint.batch > number)
      problems.add({
        kind: 'truncated',
        seq: seq + 1,
        batch: number + 1,
        detail: `The end is cut off: the chain ends with event ${seq}, but the checkpoint of ${signed} covers events up to ${checkpoint.seq}.`,
      })
    else
      problems.add({
        kind: 'rewritten',
        seq: good + 1,
        batch: checkpoint.batch,
        detail: `The chain was made anew somewhere in events ${good + 1} to ${checkpoint.seq}: the checkpoint signed at ${signed} names another digest for batch ${checkpoint.batch}.`,
      })
  }
}
