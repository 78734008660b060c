import { type Permission, roles, type SeparationRule } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { capabilityErrors } from './errors.ts'
import { type Holding, holdings } from './holdings.ts'
import './tables.ts'

/** Rules of a project: nobody is given both of two permissions. */
export interface Separation {
  read(scope: Scope): Promise<{ rules: SeparationRule[]; broken: ({ name: string } & SeparationRule)[] }>
  set(scope: Scope, rules: readonly SeparationRule[]): Promise<SeparationRule[]>
}

/** The rules of one project, or of all. */
export async function separationRules(
  db: Reader,
  project?: string,
): Promise<(SeparationRule & { project_id: string })[]> {
  const query = db.selectFrom('separation_rule').selectAll().orderBy('first').orderBy('second')
  return (project === undefined ? query : query.where('project_id', '=', project)).execute()
}

/** Administrators hold everything by what they are; a rule is about what somebody gave beside that. */
const counts = ({ reason, place }: Holding): boolean =>
  place !== '*' && reason.kind !== 'break-glass' && reason.kind !== 'instance-admin' && reason.role !== 'admin'

/** Who holds both permissions of a rule. */
async function broken(
  db: Reader,
  rules: readonly (SeparationRule & { project_id: string })[],
): Promise<{ principalId: string; project: string; rule: SeparationRule }[]> {
  if (rules.length === 0) return []
  const held = new Map<string, Set<Permission>>()
  for (const one of (await holdings(db, Number.MAX_SAFE_INTEGER)).filter(counts)) {
    const key = `${one.place} ${one.principalId}`
    const set = held.get(key) ?? new Set()
    for (const permission of one.permissions) set.add(permission)
    held.set(key, set)
  }
  return [...held].flatMap(([key, permissions]) => {
    const [project = '', principalId = ''] = key.split(' ')
    return rules
      .filter((rule) => rule.project_id === project && permissions.has(rule.first) && permissions.has(rule.second))
      .map(({ first, second }) => ({ principalId, project, rule: { first, second } }))
  })
}

/**
 * Called in the transaction that has just given something: throws ACCESS.SEPARATED, which takes it back, when somebody now holds both permissions of a rule
 * and did not before.
 */
export async function keepSeparation(
  trx: Reader,
  project: string | undefined,
  before: ReadonlySet<string> = new Set(),
): Promise<void> {
  for (const one of await broken(trx, await separationRules(trx, project))) {
    if (before.has(keyOf(one))) continue
    const person = await trx.selectFrom('principal').select('name').where('id', '=', one.principalId).executeTakeFirst()
    throw capabilityErrors.SEPARATED(person?.name ?? one.principalId, one.rule.first, one.rule.second, one.project)
  }
}

/** What is broken already, from before a rule was made: it stops no other grant. */
export async function brokenBefore(trx: Reader, project: string | undefined): Promise<ReadonlySet<string>> {
  return new Set((await broken(trx, await separationRules(trx, project))).map(keyOf))
}

const keyOf = (one: { principalId: string; project: string; rule: SeparationRule }): string =>
  JSON.stringify([one.principalId, one.project, one.rule.first, one.rule.second])

export function createSeparation({ db, events }: Pick<Kernel, 'db' | 'events'>): Separation {
  return {
    read: async ({ project }) => {
      const rules = await separationRules(db.read, project)
      const found = await broken(db.read, rules)
      const people =
        found.length === 0
          ? []
          : await db.read
              .selectFrom('principal')
              .select(['id', 'name'])
              .where(
                'id',
                'in',
                found.map((one) => one.principalId),
              )
              .execute()
      const names = new Map(people.map(({ id, name }) => [id, name]))
      return {
        rules: rules.map(({ first, second }) => ({ first, second })),
        broken: found.map((one) => ({ name: names.get(one.principalId) ?? one.principalId, ...one.rule })),
      }
    },
    set: async ({ project, principal }, rules) => {
      for (const { first, second } of rules) {
        if (first === second) throw capabilityErrors.BAD_RULE(`${first} cannot be kept apart from itself.`)
        const role = (['viewer', 'contributor', 'maintainer', 'approver'] as const).find((name) =>
          [first, second].every((one) => (roles[name] as readonly Permission[]).includes(one)),
        )
        if (role !== undefined)
          throw capabilityErrors.BAD_RULE(
            `The role ${role} of the program holds both ${first} and ${second}; a rule that forbids it would forbid the role.`,
          )
      }
      await db.write.transaction().execute(async (trx) => {
        await trx.deleteFrom('separation_rule').where('project_id', '=', project).execute()
        for (const { first, second } of rules)
          await trx
            .insertInto('separation_rule')
            .values({ project_id: project, first, second })
            .onConflict((c) => c.doNothing())
            .execute()
        await events.append(trx, {
          project,
          name: 'separation.set',
          schema: 1,
          by: principal.id,
          subject: urn(project, 'project', project),
          refs: [],
          data: { rules: rules.map(({ first, second }) => `${first} ${second}`) },
        })
      })
      return (await separationRules(db.read, project)).map(({ first, second }) => ({ first, second }))
    },
  }
}
