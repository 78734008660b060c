import {
  addPerson,
  createLoginLink,
  createProject,
  createToken,
  exchangeLogin,
  getSession,
  getVersion,
  listPeople,
  listProjects,
  listTokens,
  permissions,
  removeRole,
  revokeToken,
  rotateToken,
} from '@trivium/contract'
import type { Database } from '../../kernel/db/index.ts'
import { httpErrors, type Http, isOwnOrigin, mount } from '../../kernel/http/index.ts'
import type { Principal } from '../../kernel/principal/index.ts'
import type { Access } from './access.ts'
import { answerSession, sessionRoutes, visitorOf } from './sign-in/session-routes.ts'
import type { People } from './people.ts'

export function accessRoutes(
  app: Http,
  { access, people, db, version }: { access: Access; people: People; db: Database; version: string },
): void {
  mount(app, getVersion, 200, async () => ({ version }))

  mount(app, exchangeLogin, 200, async ({ body, request, reply }) => {
    // A page of somebody else must not sign a reader in.
    const { origin } = request.headers
    if (origin !== undefined && !isOwnOrigin(origin, request.headers.host)) throw httpErrors.BAD_ORIGIN(origin)
    return answerSession(
      reply,
      access.cookie,
      await access.exchangeLoginLink(body.token, visitorOf(request, access.cookie)),
    )
  })
  sessionRoutes(app, access)
  mount(app, getSession, 200, async ({ principal }) => ({
    id: principal.id,
    name: principal.name,
    kind: principal.kind,
    instanceAdmin: principal.grants.get('*')?.has('instance:admin') === true,
    homeProject: principal.homeProject,
    projects: (await visibleProjects(db, principal)).map((project) => ({
      name: project.id,
      title: project.title,
      permissions: permissions.filter(
        (p) => principal.grants.get('*')?.has(p) === true || principal.grants.get(project.id)?.has(p) === true,
      ),
    })),
  }))
  mount(app, listProjects, 200, async ({ principal }) => ({
    projects: (await visibleProjects(db, principal)).map((row) => ({
      name: row.id,
      title: row.title,
      createdAt: row.created_at,
    })),
  }))
  mount(app, createProject, 201, async ({ principal, body }) => {
    const { name } = await access.createProject(principal, body)
    return { name, title: body.title ?? name, createdAt: Date.now() }
  })
  mount(app, listPeople, 200, async ({ scope }) => ({ people: await people.list(scope) }))
  mount(app, addPerson, 201, ({ scope, body }) =>
    people.add(scope, { name: body.name, kind: body.kind ?? 'person', role: body.role }),
  )
  mount(app, removeRole, 200, async ({ scope, params }) => {
    await people.removeRole(scope, params)
    return {}
  })
  mount(app, createLoginLink, 201, async ({ principal, body }) => {
    const { secret, expiresAt } = await people.loginLinkFor(principal, body.name)
    return { path: `/login#token=${secret}`, expiresAt }
  })
  mount(app, listTokens, 200, async ({ scope }) => ({ tokens: await people.tokens(scope) }))
  mount(app, createToken, 201, ({ scope, body }) =>
    people.createToken(scope, {
      name: body.name,
      expiresInDays: body.expiresInDays ?? 90,
      ...(body.for === undefined ? {} : { for: body.for }),
      ...(body.permissions === undefined ? {} : { permissions: body.permissions }),
    }),
  )
  mount(app, rotateToken, 201, ({ scope, params, body }) =>
    people.rotateToken(scope, params.token, body.overlapSeconds ?? 3600),
  )
  mount(app, revokeToken, 200, async ({ scope, params }) => {
    await people.revokeToken(scope, params.token)
    return {}
  })
}

async function visibleProjects(
  db: Database,
  principal: Principal,
): Promise<{ id: string; title: string; created_at: number }[]> {
  const query = db.read.selectFrom('project').select(['id', 'title', 'created_at']).orderBy('id')
  if (principal.grants.has('*')) return query.execute()
  const names = [...principal.grants.keys()]
  return names.length === 0 ? [] : query.where('id', 'in', names).execute()
}
