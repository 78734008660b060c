import { type Invitation, type Role, roles } from '@trivium/contract'
import { asReader, type Trx } from '../../../kernel/db/index.ts'
import { newId, urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { lastingPermissions } from '../holdings.ts'
import { requireMayGive } from '../may-give.ts'
import { requireRole } from '../roles.ts'
import { hashSecret, newSecret } from '../secrets.ts'
import { brokenBefore, keepSeparation } from '../separation.ts'
import { signInErrors } from './errors.ts'
import type { InvitationTable } from './tables.ts'
import '../tables.ts'

const dayMs = 86_400_000

/** Links by which somebody new gets an account and a role in a project. */
export interface Invitations {
  list(scope: Scope): Promise<Invitation[]>
  /** Nobody gives more than he holds. The secret is returned once. */
  create(
    scope: Scope,
    input: { role: string; name?: string | undefined; mail?: string | undefined; expiresInDays: number },
  ): Promise<{ invitation: Invitation; secret: string }>
  revoke(scope: Scope, id: string): Promise<void>
  /** What the invitation behind a secret is for. Throws when it is spent, or when whoever made it may not invite any more. */
  look(secret: string): Promise<{
    project: string
    title: string
    role: string
    invitedBy: string
    name: string | null
    mail: string | null
    expiresAt: number
  }>
  /** Spends the invitation for an account, which gets the role. Of many at once one succeeds. */
  redeem(trx: Trx, secret: string, principalId: string): Promise<{ project: string }>
}

export function createInvitations({ db, clock, events }: Pick<Kernel, 'db' | 'clock' | 'events'>): Invitations {
  const list = async (scope: Scope, only?: string): Promise<Invitation[]> => {
    let query = db.read
      .selectFrom('invitation')
      .leftJoin('principal as inviter', 'inviter.id', 'invitation.created_by')
      .leftJoin('principal as guest', 'guest.id', 'invitation.used_by')
      .selectAll('invitation')
      .select(['inviter.name as inviter_name', 'guest.name as guest_name'])
      .where('invitation.project_id', '=', scope.project)
      .orderBy('invitation.created_at', 'desc')
      .orderBy('invitation.id', 'desc')
      .limit(500)
    if (only !== undefined) query = query.where('invitation.id', '=', only)
    return (await query.execute()).map((row) => ({
      id: row.id,
      role: row.role,
      name: row.name,
      mail: row.mail,
      invitedBy: row.inviter_name ?? row.created_by,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      usedAt: row.used_at,
      usedBy: row.guest_name,
      revokedAt: row.revoked_at,
    }))
  }
  const say = async (trx: Trx, name: string, { project, id, by }: { project: string; id: string; by: string }) => {
    await events.append(trx, {
      project,
      name,
      schema: 1,
      by,
      subject: urn(project, 'invitation', id),
      refs: [],
      data: {},
    })
  }
  const isOpen = (row: InvitationTable): boolean =>
    row.used_at === null && row.revoked_at === null && row.expires_at > clock()

  return {
    list: (scope) => list(scope),
    create: async (scope, { role, name, mail, expiresInDays }) => {
      requireMayGive(scope, await requireRole(db.read, scope.project, role))
      const secret = newSecret('tri')
      const id = newId('ivt')
      await db.write.transaction().execute(async (trx) => {
        await trx
          .insertInto('invitation')
          .values({
            id,
            project_id: scope.project,
            secret_hash: hashSecret(secret),
            role,
            name: name ?? null,
            mail: mail?.toLowerCase() ?? null,
            created_by: scope.principal.id,
            created_at: clock(),
            expires_at: clock() + expiresInDays * dayMs,
            used_at: null,
            used_by: null,
            revoked_at: null,
          })
          .execute()
        await say(trx, 'invitation.created', { project: scope.project, id, by: scope.principal.id })
      })
      const [invitation] = await list(scope, id)
      if (!invitation) throw signInErrors.INVITATION_NOT_FOUND(id)
      return { invitation, secret }
    },
    revoke: async (scope, id) => {
      await db.write.transaction().execute(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('invitation')
          .set({ revoked_at: clock() })
          .where('project_id', '=', scope.project)
          .where('id', '=', id)
          .where('used_at', 'is', null)
          .where('revoked_at', 'is', null)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) throw signInErrors.INVITATION_NOT_FOUND(id)
        await say(trx, 'invitation.revoked', { project: scope.project, id, by: scope.principal.id })
      })
    },
    look: async (secret) => {
      const row = await db.read
        .selectFrom('invitation')
        .innerJoin('project', 'project.id', 'invitation.project_id')
        .innerJoin('principal', 'principal.id', 'invitation.created_by')
        .selectAll('invitation')
        .select(['project.title', 'principal.name as inviter'])
        .where('invitation.secret_hash', '=', hashSecret(secret))
        .executeTakeFirst()
      if (!row || !isOpen(row)) throw signInErrors.INVITATION_SPENT()
      return {
        project: row.project_id,
        title: row.title,
        role: row.role,
        invitedBy: row.inviter,
        name: row.name,
        mail: row.mail,
        expiresAt: row.expires_at,
      }
    },
    redeem: async (trx, secret, principalId) => {
      const row = await trx
        .updateTable('invitation')
        .set({ used_at: clock(), used_by: principalId })
        .where('secret_hash', '=', hashSecret(secret))
        .where('used_at', 'is', null)
        .where('revoked_at', 'is', null)
        .where('expires_at', '>', clock())
        .returningAll()
        .executeTakeFirst()
      if (!row || !(await stillMayGive(trx, row))) throw signInErrors.INVITATION_SPENT()
      const { role } = row
      const given = { project_id: row.project_id, role, created_at: clock(), created_by: row.created_by }
      const before = await brokenBefore(asReader(trx), row.project_id)
      if (isProgramRole(role))
        await trx
          .insertInto('membership')
          .values({ ...given, principal_id: principalId, role })
          .onConflict((c) => c.columns(['project_id', 'principal_id', 'role']).doNothing())
          .execute()
      else
        await trx
          .insertInto('role_grant')
          .values({ ...given, kind: 'principal', holder: principalId })
          .onConflict((c) => c.doNothing())
          .execute()
      await keepSeparation(asReader(trx), row.project_id, before)
      await say(trx, 'invitation.accepted', { project: row.project_id, id: row.id, by: principalId })
      await events.append(trx, {
        project: row.project_id,
        name: 'membership.granted',
        schema: 1,
        by: row.created_by,
        subject: urn(row.project_id, 'principal', principalId),
        refs: [],
        data: { role },
      })
      return { project: row.project_id }
    },
  }
}

/** Whoever lost his own rights meanwhile brings nobody in any more. */
async function stillMayGive(trx: Trx, invitation: InvitationTable): Promise<boolean> {
  const inviter = await trx
    .selectFrom('principal')
    .select(['id', 'disabled_at'])
    .where('id', '=', invitation.created_by)
    .executeTakeFirst()
  if (!inviter || inviter.disabled_at !== null) return false
  const has = await lastingPermissions(asReader(trx), inviter.id, invitation.project_id)
  const wanted = await requireRole(asReader(trx), invitation.project_id, invitation.role)
  return ['member:write' as const, ...wanted].every((permission) => has.has(permission))
}

const isProgramRole = (name: string): name is Role => Object.hasOwn(roles, name)
