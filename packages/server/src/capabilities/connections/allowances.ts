import type { EgressAllowance, EgressConnection } from '@trivium/contract'
import { isUniqueViolation, type Trx } from '../../kernel/db/index.ts'
import { isNarrow, readAllowed } from '../../kernel/egress/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Principal } from '../../kernel/principal/index.ts'
import { connectionErrors } from './errors.ts'

type Deps = Pick<Kernel, 'db' | 'clock' | 'events' | 'allowances'>
const mostAllowed = 200

export async function listAllowances({ db }: Pick<Deps, 'db'>): Promise<EgressAllowance[]> {
  const rows = await db.read
    .selectFrom('egress_allowance')
    .leftJoin('principal', 'principal.id', 'egress_allowance.allowed_by')
    .selectAll('egress_allowance')
    .select('principal.name as by_name')
    .orderBy('connection')
    .orderBy('entry')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    connection: row.connection,
    address: row.entry,
    reason: row.reason,
    allowedByName: row.by_name ?? row.allowed_by,
    allowedAt: Number(row.allowed_at),
  }))
}

/** Throws CONNECTIONS.BAD_ADDRESS, TOO_WIDE, ALLOWED_ALREADY, TOO_MANY. */
export async function allowAddress(
  deps: Deps,
  by: Principal,
  input: { connection: EgressConnection; address: string; reason: string },
): Promise<EgressAllowance> {
  const { db, clock, allowances } = deps
  const { connection, reason } = input
  const entry = input.address.trim().toLowerCase()
  if (!isAddress(entry)) throw connectionErrors.BAD_ADDRESS(input.address)
  if (!isNarrow(entry)) throw connectionErrors.TOO_WIDE(entry)
  const row = { id: newId('eal'), connection, entry, reason, allowed_by: by.id, allowed_at: clock() }
  try {
    await db.write.transaction().execute(async (trx) => {
      const { count } = await trx
        .selectFrom('egress_allowance')
        .select((e) => e.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow()
      if (Number(count) >= mostAllowed) throw connectionErrors.TOO_MANY(mostAllowed)
      await trx.insertInto('egress_allowance').values(row).execute()
      await say(deps, trx, by, 'allowed', connection, { address: entry, reason })
    })
  } catch (error) {
    throw isUniqueViolation(error) ? connectionErrors.ALLOWED_ALREADY(entry, connection) : error
  }
  allowances.changed()
  return { id: row.id, connection, address: entry, reason, allowedByName: by.name, allowedAt: row.allowed_at }
}

/** Throws CONNECTIONS.ALLOWANCE_NOT_FOUND. */
export async function withdrawAddress(deps: Deps, by: Principal, id: string, reason: string): Promise<void> {
  await deps.db.write.transaction().execute(async (trx) => {
    const row = await trx
      .deleteFrom('egress_allowance')
      .where('id', '=', id)
      .returning(['connection', 'entry'])
      .executeTakeFirst()
    if (!row) throw connectionErrors.ALLOWANCE_NOT_FOUND()
    await say(deps, trx, by, 'withdrawn', row.connection, { address: row.entry, reason })
  })
  deps.allowances.changed()
}

function isAddress(entry: string): boolean {
  if (entry === '' || entry.includes(',')) return false
  try {
    readAllowed(entry)
    return true
  } catch {
    return false
  }
}

const say = (
  { events }: Pick<Deps, 'events'>,
  trx: Trx,
  by: Principal,
  what: 'allowed' | 'withdrawn',
  connection: EgressConnection,
  data: { address: string; reason: string },
) =>
  events.append(trx, {
    project: 'default',
    name: `egress.${what}`,
    schema: 1,
    by: by.id,
    subject: urn('default', 'connection', connection),
    refs: [],
    data,
  })
