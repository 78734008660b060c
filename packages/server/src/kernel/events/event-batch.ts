import { createHash } from 'node:crypto'

declare module '../db/database.ts' {
  interface Tables {
    event_batch: EventBatchTable
    event_chain: EventChainTable
  }
}

/** One sealed batch of a project's chain. */
export interface EventBatchTable {
  project_id: string
  /** 1, 2, 3 … within the project */
  number: number
  first_seq: number
  last_seq: number
  events: number
  /** Digest of the batch before; 64 zeros in the first. */
  previous: string
  digest: string
  /** One line an event, by sequence number: `SEQ ID DIGEST`. */
  members: string
}

/** Where the chain of a project stands. */
export interface EventChainTable {
  project_id: string
  batches: number
  events: number
  last_seq: number
  digest: string
  /** The newest checkpoint: its batch, how many events it covers, when it was signed. */
  checkpoint_batch: number
  checkpoint_events: number
  checkpoint_at: number
  /** The last verification: when, up to which number, and how much it found. */
  verified_at: number | null
  verified_seq: number | null
  verified_problems: number | null
}

/** What stands before the first batch. */
export const noBatch = '0'.repeat(64)

export interface BatchMember {
  readonly seq: number
  readonly id: string
  /** SHA-256 of the event's canonical bytes. */
  readonly digest: string
}

export const membersText = (members: readonly BatchMember[]): string =>
  members.map(({ seq, id, digest }) => `${seq} ${id} ${digest}\n`).join('')

export const parseMembers = (text: string): BatchMember[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [seq = '', id = '', digest = ''] = line.split(' ')
      return { seq: Number(seq), id, digest }
    })

/**
 * SHA-256 over lines of UTF-8, each ended by a line feed: the name of the format, the project, the number of the batch, the digest of the batch before, then
 * one line an event. docs/adr/0007 fixes this form.
 */
export function batchDigest(batch: Pick<EventBatchTable, 'project_id' | 'number' | 'previous' | 'members'>): string {
  return createHash('sha256')
    .update(`trivium-event-batch/1\n${batch.project_id}\n${batch.number}\n${batch.previous}\n${batch.members}`)
    .digest('hex')
}
