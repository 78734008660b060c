import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Kernel } from '../../../kernel/kernel.ts'
import { signInErrors } from './errors.ts'
import './tables.ts'

const windowMs = 15 * 60_000
/** Wrong passwords for one account, and from one address, within a window. */
const mostFor = { account: 10, address: 50 }

/** Counts attempts to guess, in the database, so that several servers count as one and a restart forgets nothing. */
export interface Throttle {
  /** Counts an attempt before it is made, so that many at once gain nothing. Throws with the seconds to wait when there were too many. */
  attempt(input: { name: string; address: string }): Promise<void>
  /** The password was right: its account begins anew, and the attempt does not count for the address. */
  succeeded(input: { name: string; address: string }): Promise<void>
}

export function createThrottle({ db, clock }: Pick<Kernel, 'db' | 'clock'>): Throttle {
  const waitOf = (row: { attempts: number; ends_at: number } | undefined, most: number, now: number): number =>
    row && row.ends_at > now && row.attempts >= most ? row.ends_at - now : 0
  const refuse = (ms: number): never => {
    throw signInErrors.THROTTLED(Math.ceil(ms / 1000))
  }
  return {
    attempt: async ({ name, address }) => {
      const now = clock()
      const keys = keysOf(name, address)
      const rows = await db.read
        .selectFrom('sign_in_throttle')
        .selectAll()
        .where('key', 'in', [keys.account, keys.address])
        .execute()
      const known = new Map(rows.map((row) => [row.key, row]))
      // A flood that is refused anyway writes nothing.
      const wait = Math.max(
        waitOf(known.get(keys.account), mostFor.account, now),
        waitOf(known.get(keys.address), mostFor.address, now),
      )
      if (wait > 0) refuse(wait)
      const waits = await db.write.transaction().execute(async (trx) => {
        await trx.deleteFrom('sign_in_throttle').where('ends_at', '<=', now).execute()
        const found: number[] = []
        // In one order everywhere, else two servers would wait for each other.
        for (const [key, most] of [
          [keys.account, mostFor.account],
          [keys.address, mostFor.address],
        ] as const) {
          const row = await trx
            .insertInto('sign_in_throttle')
            .values({ key, attempts: 1, ends_at: now + windowMs })
            .onConflict((c) =>
              c.column('key').doUpdateSet((e) => ({ attempts: e('sign_in_throttle.attempts', '+', 1) })),
            )
            .returning(['attempts', 'ends_at'])
            .executeTakeFirstOrThrow()
          found.push(waitOf({ ...row, attempts: row.attempts - 1 }, most, now))
        }
        return found
      })
      const late = Math.max(...waits)
      if (late > 0) refuse(late)
    },
    succeeded: async ({ name, address }) => {
      const keys = keysOf(name, address)
      await db.write.transaction().execute(async (trx) => {
        await trx.deleteFrom('sign_in_throttle').where('key', '=', keys.account).execute()
        await trx
          .updateTable('sign_in_throttle')
          .set((e) => ({ attempts: e('attempts', '-', 1) }))
          .where('key', '=', keys.address)
          .where('attempts', '>', 0)
          .execute()
      })
    },
  }
}

/** Names are hashed: people type passwords into the field of the name. Of IPv6 the network counts, of which one customer has all addresses. */
function keysOf(name: string, address: string): { account: string; address: string } {
  const plain = address.replace(/^::ffff:/i, '')
  const network = isIPv6(plain) ? `${expanded(plain).slice(0, 4).join(':')}/64` : plain
  return {
    account: `a:${createHash('sha256').update(name.trim().toLowerCase()).digest('hex')}`,
    address: `n:${network}`,
  }
}

function expanded(address: string): string[] {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  return [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right].map(
    (one) => one.toLowerCase().replace(/^0+(?=.)/, ''),
  )
}
