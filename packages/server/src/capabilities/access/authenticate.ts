import type { IncomingHttpHeaders } from 'node:http'
import type { Permission } from '@trivium/contract'
import type { Clock } from '../../kernel/clock/index.ts'
import { type FixedParts, fixedQuery, type Reader } from '../../kernel/db/index.ts'
import { accessErrors, type Principal } from '../../kernel/principal/index.ts'
import { grantsOf, holdings, homeProjectOf, lentOf } from './holdings.ts'
import { hashSecret } from './secrets.ts'
import type { Cookie } from './sign-in/cookies.ts'
import { signInErrors } from './sign-in/errors.ts'
import { idleEnd } from './sign-in/sessions.ts'

/** Where a request carries its secret: `Authorization: Bearer`, `Basic` (the password is the token, as MLflow's client sends it), or the session cookie. */
export function credentialOf(
  headers: IncomingHttpHeaders,
  cookie: Cookie,
): { secret: string; via: 'bearer' | 'basic' | 'session' } | undefined {
  const authorization = headers.authorization
  if (authorization !== undefined) {
    const [scheme, value] = authorization.split(' ', 2)
    if (scheme?.toLowerCase() === 'bearer' && value) return { secret: value, via: 'bearer' }
    if (scheme?.toLowerCase() === 'basic' && value) {
      const text = Buffer.from(value, 'base64').toString()
      return { secret: text.slice(text.indexOf(':') + 1), via: 'basic' }
    }
    throw accessErrors.UNAUTHENTICATED()
  }
  const secret = cookie.read(headers)
  return secret === undefined ? undefined : { secret, via: 'session' }
}

const findToken = fixedQuery(
  ({ db, value }: FixedParts<{ hash: string }>) =>
    db
      .selectFrom('token')
      .innerJoin('principal', 'principal.id', 'token.principal_id')
      .select([
        'token.id as tokenId',
        'token.kind as tokenKind',
        'token.name as tokenName',
        'token.project_id',
        'token.permissions',
        'token.expires_at',
        'token.revoked_at',
        'token.created_at',
        'token.last_used_at',
        'principal.id',
        'principal.kind',
        'principal.name',
        'principal.is_instance_admin',
        'principal.disabled_at',
      ])
      .where('token.secret_hash', '=', value('hash')),
  { prepared: true },
)

/** The principal behind a secret, with the permissions that the token leaves him. Undefined for a secret that is unknown or revoked. */
export async function principalBySecret(
  { db, clock, sessionIdleHours }: { db: Reader; clock: Clock; sessionIdleHours: number },
  secret: string,
): Promise<{ principal: Principal; tokenId: string; kind: 'token' | 'session' | 'run' } | undefined> {
  const [row] = await findToken(db, { hash: hashSecret(secret) })
  if (!row || row.revoked_at !== null || row.disabled_at !== null) return undefined
  if (row.expires_at !== null && row.expires_at <= clock())
    throw accessErrors.TOKEN_EXPIRED(new Date(row.expires_at).toISOString())
  if (row.tokenKind === 'session' && idleEnd(row.last_used_at, row.created_at, sessionIdleHours) <= clock())
    throw signInErrors.SESSION_IDLE(sessionIdleHours)
  const narrowed = row.permissions === null ? undefined : new Set(JSON.parse(row.permissions) as Permission[])
  const held = await holdings(db, clock(), row.id)
  const grants = grantsOf(held, { project: row.project_id, permissions: narrowed })
  const lent = lentOf(held, { project: row.project_id, permissions: narrowed })
  return {
    principal: {
      id: row.id,
      kind: row.tokenKind === 'run' ? 'run' : row.kind,
      name: row.name,
      grants,
      homeProject: homeProjectOf(held, row.project_id),
      ...(lent ? { lent } : {}),
      narrowed: row.permissions !== null || row.project_id !== null || row.tokenKind === 'run',
      ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
      ...(row.tokenKind === 'run' ? { onBehalfOf: row.id, run: row.tokenName.replace(/^run:/, '') } : {}),
    },
    tokenId: row.tokenId,
    kind: row.tokenKind,
  }
}
