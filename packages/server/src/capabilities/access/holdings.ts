import { type GrantReason, type Permission, permissions, roles } from '@trivium/contract'
import { type RawBuilder, sql } from 'kysely'
import { type FixedParts, fixedQuery, type Reader } from '../../kernel/db/index.ts'
import type { Principal } from '../../kernel/principal/index.ts'
import './sign-in/tables.ts'
import './tables.ts'

/** What one reason gives one principal in one project, or in all (`*`). */
export interface Holding {
  readonly principalId: string
  readonly place: string
  readonly permissions: readonly Permission[]
  readonly reason: GrantReason
  /** Id of the broken glass. */
  readonly glass: string | null
}

const everything: readonly Permission[] = permissions

/**
 * Everything that opens something for one principal, or for all, with its reason: roles given to him, roles of his groups, roles that an identity provider
 * brings, administering the instance, broken glass. Whoever asks who may do what asks here. Ordered by project.
 */
export async function holdings(db: Reader, now: number, principalId?: string): Promise<Holding[]> {
  const rows = await grantRows(db, now, principalId)
  const isCustom = ({ kind, role }: GrantRow) => kind !== 'instance-admin' && !(role in roles)
  const custom = rows.some(isCustom) ? await customRoles(db) : new Map<string, Permission[]>()
  const found: Holding[] = []
  for (const { principal_id, place, role, kind, via, ends_at, glass } of rows) {
    const opened = kind === 'instance-admin' ? everything : permissionsOf(role, place, custom)
    // A role that the program does not know (any more) opens nothing.
    if (opened === undefined) continue
    found.push({
      principalId: principal_id,
      place,
      permissions: opened,
      reason: { kind, role, group: via, until: ends_at },
      glass,
    })
  }
  return found.toSorted((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0))
}

interface GrantRow {
  readonly principal_id: string
  readonly place: string
  readonly role: string
  readonly kind: GrantReason['kind']
  readonly via: string | null
  readonly ends_at: number | null
  readonly glass: string | null
}

/** One query, because every request asks it. */
const grantRows = (db: Reader, now: number, principalId: string | undefined): Promise<GrantRow[]> =>
  principalId === undefined ? grantsOfAll(db, { now }) : grantsOfOne(db, { now, principalId })

const grantsOfOne = fixedQuery(
  ({ value }: FixedParts<{ now: number; principalId: string }>) =>
    grantQuery(sql.val(value('now')), (column) => sql`${sql.ref(column)} = ${sql.val(value('principalId'))}`),
  { prepared: true },
)
const grantsOfAll = fixedQuery(({ value }: FixedParts<{ now: number }>) =>
  grantQuery(sql.val(value('now')), () => sql`1 = 1`),
)

function grantQuery(now: RawBuilder<unknown>, of: (column: string) => RawBuilder<unknown>) {
  const forever = sql`cast(null as bigint) as ends_at, cast(null as text) as glass`
  const nobody = sql`cast(null as text) as via`
  return sql<GrantRow>`
    select principal_id, project_id as place, role, 'role' as kind, ${nobody}, ${forever}
      from membership where ${of('principal_id')}
    union all
    select holder, project_id, role, 'role', ${nobody}, ${forever}
      from role_grant where kind = 'principal' and ${of('holder')}
    union all
    select m.principal_id, g.project_id, g.role, 'group', m.group_name, ${forever}
      from access_group_member m join role_grant g on g.kind = 'group' and g.holder = m.group_name where ${of('m.principal_id')}
    union all
    select principal_id, place, role, case when place = '*' then 'instance-admin' else 'identity-provider' end, group_name, ${forever}
      from provider_role where ${of('principal_id')}
    union all
    select id, '*', 'instance-admin', 'instance-admin', ${nobody}, ${forever}
      from principal where is_instance_admin = 1 and ${of('id')}
    union all
    select principal_id, project_id, 'admin', 'break-glass', ${nobody}, ends_at, id
      from break_glass where ended_at is null and ends_at > ${now} and ${of('principal_id')}`
}

/** Permissions of the roles that were made here, by place and name. */
async function customRoles(db: Reader): Promise<Map<string, Permission[]>> {
  const rows = await db.selectFrom('custom_role').select(['place', 'name', 'permissions']).execute()
  return new Map(rows.map((row) => [`${row.place}/${row.name}`, knownPermissions(row.permissions)]))
}

/** The permissions of a stored list that the program knows: a newer one may have written others. */
export const knownPermissions = (text: string): Permission[] => {
  const stored = new Set(JSON.parse(text) as string[])
  return permissions.filter((permission) => stored.has(permission))
}

const permissionsOf = (
  role: string,
  place: string,
  custom: ReadonlyMap<string, readonly Permission[]>,
): readonly Permission[] | undefined =>
  (roles as Record<string, readonly Permission[]>)[role] ?? custom.get(`${place}/${role}`) ?? custom.get(`*/${role}`)

/** Permissions by project, with what a token leaves of them. */
export function grantsOf(
  held: readonly Holding[],
  token: { readonly project: string | null; readonly permissions: ReadonlySet<Permission> | undefined },
): Map<string, ReadonlySet<Permission>> {
  const grants = new Map<string, Set<Permission>>()
  for (const { place, permissions: opened } of held) {
    if (token.project !== null && place !== '*' && place !== token.project) continue
    const at = place === '*' ? (token.project ?? '*') : place
    const set = grants.get(at) ?? new Set()
    for (const permission of opened) if (token.permissions?.has(permission) ?? true) set.add(permission)
    grants.set(at, set)
  }
  return grants
}

/** The project that a request without another word acts in. */
export function homeProjectOf(held: readonly Holding[], tokenProject: string | null): string {
  if (tokenProject !== null) return tokenProject
  if (held.some(({ place }) => place === '*' || place === 'default')) return 'default'
  return held[0]?.place ?? 'default'
}

/** What is held by broken glass alone, and under which one: it is used, and never handed on. Undefined where no glass is broken. */
export function lentOf(held: readonly Holding[], token: Parameters<typeof grantsOf>[1]): Principal['lent'] {
  const broken = held.filter(({ reason }) => reason.kind === 'break-glass')
  if (broken.length === 0) return undefined
  const own = grantsOf(
    held.filter(({ reason }) => reason.kind !== 'break-glass'),
    token,
  )
  return new Map(
    broken.map(({ place, permissions: opened, glass }) => [
      place,
      {
        under: glass ?? '',
        permissions: new Set(opened.filter((one) => !own.get(place)?.has(one) && !own.get('*')?.has(one))),
      },
    ]),
  )
}

/** What an account holds in a project lastingly: without broken glass, and nothing while it is disabled. */
export async function lastingPermissions(
  db: Reader,
  principalId: string,
  project: string,
): Promise<ReadonlySet<Permission>> {
  const account = await db
    .selectFrom('principal')
    .select('disabled_at')
    .where('id', '=', principalId)
    .executeTakeFirst()
  if (!account || account.disabled_at !== null) return new Set()
  const held = await holdings(db, Number.MAX_SAFE_INTEGER, principalId)
  return grantsOf(held, { project, permissions: undefined }).get(project) ?? new Set()
}
