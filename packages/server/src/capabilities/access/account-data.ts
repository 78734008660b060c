import type { SignInMethod } from '@trivium/contract'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { DataSubject, SubjectCount, SubjectData, SubjectRecord } from '../../kernel/ports/index.ts'
import type { Principal } from '../../kernel/principal/index.ts'
import { eraseAccount, erasedName } from './erase-account.ts'
import { capabilityErrors } from './errors.ts'
import './sign-in/tables.ts'

interface Found {
  readonly id: string
  readonly name: string
  readonly kind: 'person' | 'service'
  readonly created_at: number
}

/** A person as a user of the instance: by name, id, or the mail address of the invitation that brought him. Invitations that nobody used are found by it too. */
export function accountData({ db, clock, events }: Pick<Kernel, 'db' | 'clock' | 'events'>): SubjectData & {
  /** Throws for one's own account. So an administrator is left. */
  mayErase(by: Principal, account: string): void
} {
  const accounts = async ({ subject }: DataSubject): Promise<Found[]> =>
    db.read
      .selectFrom('principal')
      .select(['id', 'name', 'kind', 'created_at'])
      .where((e) =>
        e.or([
          e('id', '=', subject),
          e('name', '=', subject),
          e(
            'id',
            'in',
            e
              .selectFrom('invitation')
              .select('used_by')
              .where('mail', '=', subject.toLowerCase())
              .where('used_by', 'is not', null),
          ),
        ]),
      )
      .where('id', 'not like', 'system:%')
      .execute()
  const invitations = ({ subject }: DataSubject) =>
    db.read
      .selectFrom('invitation')
      .select(['id', 'project_id', 'name', 'mail', 'role', 'created_at'])
      .where('used_by', 'is', null)
      .where((e) => e.or([e('mail', '=', subject.toLowerCase()), e('name', '=', subject)]))
      .execute()
  const counts = (account: Found, by: Readonly<Record<string, number>>): SubjectCount[] =>
    Object.entries(by).map(([kind, count]) => ({
      kind,
      where: account.id,
      count,
      plain: count,
      urns: [urn('default', 'principal', account.id)],
    }))

  /** What there is of an account, as rows. */
  const rowsOf = async ({ id, name, kind, created_at }: Found): Promise<Record<string, Record<string, unknown>[]>> => {
    const tokens = await db.read
      .selectFrom('token')
      .leftJoin('session', 'session.token_id', 'token.id')
      .select(['token.id', 'token.kind', 'token.name', 'token.project_id', 'token.created_at', 'token.last_used_at'])
      .select(['session.method', 'session.address', 'session.browser'])
      .where('token.principal_id', '=', id)
      .where('token.kind', '<>', 'run')
      .execute()
    const erased = name === erasedName(id)
    return {
      account: erased ? [] : [{ id, name, kind, createdAt: created_at }],
      tokens: tokens
        .filter((one) => one.kind === 'token' && one.name !== 'erased')
        .map((one) => ({
          id: one.id,
          name: one.name,
          project: one.project_id,
          createdAt: one.created_at,
          lastUsedAt: one.last_used_at,
        })),
      sessions: tokens
        .filter((one): one is typeof one & { method: SignInMethod } => one.method !== null)
        .map((one) => ({
          id: one.id,
          method: one.method,
          address: one.address,
          browser: one.browser,
          createdAt: one.created_at,
          lastUsedAt: one.last_used_at,
        })),
      'sign-in': [
        ...(await db.read
          .selectFrom('identity')
          .select(['issuer', 'subject', 'created_at as createdAt'])
          .where('principal_id', '=', id)
          .execute()),
        ...(await db.read
          .selectFrom('password')
          .select('changed_at as passwordChangedAt')
          .where('principal_id', '=', id)
          .execute()),
      ],
      invitations: await db.read
        .selectFrom('invitation')
        .select(['id', 'project_id as project', 'name', 'mail', 'created_at as createdAt'])
        .where('used_by', '=', id)
        .where((e) => e.or([e('name', 'is not', null), e('mail', 'is not', null)]))
        .execute(),
      'access-log': await db.read
        .selectFrom('access_log')
        .select(['at', 'method', 'path', 'address', 'count'])
        .where('principal_id', '=', id)
        .where('address', '<>', '')
        .orderBy('id')
        .execute(),
    }
  }

  return {
    capability: 'access',
    find: async (person) => {
      const found: SubjectCount[] = []
      for (const account of await accounts(person)) {
        const rows = Object.entries(await rowsOf(account)).map(([kind, of]) => [kind, of.length] as const)
        found.push(...counts(account, Object.fromEntries(rows)))
      }
      for (const one of await invitations(person))
        found.push({
          kind: 'open-invitations',
          where: one.project_id,
          count: 1,
          plain: 1,
          urns: [urn(one.project_id, 'invitation', one.id)],
        })
      return found
    },
    export: async function* (person): AsyncGenerator<SubjectRecord> {
      for (const account of await accounts(person))
        for (const [kind, rows] of Object.entries(await rowsOf(account)))
          for (const record of rows) yield { kind, where: account.id, record }
      for (const { project_id, created_at, ...record } of await invitations(person))
        yield { kind: 'open-invitations', where: project_id, record: { ...record, createdAt: created_at } }
    },
    erase: async (person) => {
      const found: SubjectCount[] = []
      for (const account of await accounts(person)) {
        const changed = await db.write.transaction().execute(async (trx) => {
          const done = await eraseAccount(trx, account.id, clock())
          if (done.account > 0)
            await events.append(trx, {
              project: 'default',
              name: 'principal.erased',
              schema: 1,
              by: 'system:subjects',
              subject: urn('default', 'principal', account.id),
              refs: [],
              data: {},
            })
          return done
        })
        found.push(...counts(account, changed))
      }
      for (const one of await invitations(person)) {
        await db.write
          .transaction()
          .execute((trx) =>
            trx
              .updateTable('invitation')
              .set({ name: null, mail: null, revoked_at: clock() })
              .where('id', '=', one.id)
              .where('used_by', 'is', null)
              .execute(),
          )
        found.push({ kind: 'open-invitations', where: one.project_id, count: 1, plain: 1, urns: [] })
      }
      return found
    },
    mayErase: (by, account) => {
      if (account === by.id) throw capabilityErrors.NOT_ONESELF_ERASED()
    },
  }
}
