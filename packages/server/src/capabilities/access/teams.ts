import type { Reader } from '../../kernel/db/index.ts'
import './tables.ts'

/** Somebody who acted, as whom people know him and for whom he acts. */
export interface TeamMember {
  readonly id: string
  readonly name: string
  readonly kind: 'person' | 'service'
  /** The first by name of his groups that have a role in the project, else his role there; null without either. */
  readonly team: string | null
}

const atOnce = 500

/** Principals with the team that each belongs to now; who left a team since counts with the one he is in. */
export async function readTeams(db: Reader, project: string, ids: readonly string[]): Promise<Map<string, TeamMember>> {
  const found = new Map<string, TeamMember>()
  const unique = [...new Set(ids)]
  for (let start = 0; start < unique.length; start += atOnce) {
    const some = unique.slice(start, start + atOnce)
    const groups = await db
      .selectFrom('access_group_member as m')
      .innerJoin('role_grant as g', (join) => join.onRef('g.holder', '=', 'm.group_name').on('g.kind', '=', 'group'))
      .select(['m.principal_id', 'm.group_name'])
      .where('g.project_id', '=', project)
      .where('m.principal_id', 'in', some)
      .orderBy('m.group_name')
      .execute()
    const roles = await db
      .selectFrom('membership')
      .select(['principal_id', 'role'])
      .where('project_id', '=', project)
      .where('principal_id', 'in', some)
      .execute()
    const people = await db
      .selectFrom('principal')
      .select(['id', 'name', 'kind', 'is_instance_admin'])
      .where('id', 'in', some)
      .execute()
    for (const { id, name, kind, is_instance_admin: admin } of people)
      found.set(id, {
        id,
        name,
        kind,
        team:
          groups.find((one) => one.principal_id === id)?.group_name ??
          roles.find((one) => one.principal_id === id)?.role ??
          (admin === 1 ? 'administrators' : null),
      })
  }
  return found
}
