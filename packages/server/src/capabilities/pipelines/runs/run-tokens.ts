import { type Permission, roles } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Principal } from '../../../kernel/principal/index.ts'
import type { Access } from '../../access/index.ts'

/** The name of a run's token; tracking reads the run from it. */
export const runTokenName = (run: string): string => `run:${run}`

/** The pipeline run that a token named like this belongs to. */
export function pipelineRunOfTokenName(name: string): string | undefined {
  return name.startsWith('run:prn_') ? name.slice('run:'.length) : undefined
}

/** What a step's code may do, as far as whoever started it may: what a contributor may, without making tokens of its own, and personal columns. */
export const stepPermissions: readonly Permission[] = [
  ...roles.contributor.filter((permission) => permission !== 'token:write'),
  'data:read-personal',
]

/** Secrets of the runs that work now; they live in memory only, and a server that starts again makes new ones. */
export interface RunTokens {
  /** The secret of the run, made on the first call. */
  secretOf(run: { project: string; id: string; startedBy: string }): Promise<string>
  /** Revokes every token of a run, those of servers before this one included. */
  revoke(run: { project: string; id: string }): Promise<void>
}

const longestLifeMs = 7 * 86_400_000

export function createRunTokens({ access, clock, db }: { access: Access } & Pick<Kernel, 'clock' | 'db'>): RunTokens {
  const secrets = new Map<string, Promise<string>>()
  return {
    secretOf: ({ project, id, startedBy }) => {
      const known = secrets.get(id)
      if (known) return known
      const made = access
        .createToken(actorOf({ project, run: id, startedBy }), {
          principalId: startedBy,
          name: runTokenName(id),
          kind: 'run',
          project,
          permissions: stepPermissions,
          expiresAt: clock() + longestLifeMs,
        })
        .then((token) => token.secret)
      secrets.set(id, made)
      made.catch(() => secrets.delete(id))
      return made
    },
    revoke: async ({ project, id }) => {
      secrets.delete(id)
      const live = await db.read
        .selectFrom('token')
        .select('id')
        .where('kind', '=', 'run')
        .where('name', '=', runTokenName(id))
        .where('project_id', '=', project)
        .where('revoked_at', 'is', null)
        .execute()
      for (const token of live) await access.revokeToken(actorOf({ project, run: id, startedBy: id }), token.id)
    },
  }
}

/** Who a run's steps act as: whoever started it, narrowed to what steps may. */
export function actorOf({
  project,
  run,
  startedBy,
  personal = true,
}: {
  project: string
  run: string
  startedBy: string
  /** Whether he may read what is personal. A token is narrowed to what its owner may whenever it is used; what acts without one says so here. */
  personal?: boolean
}): Principal {
  return {
    id: startedBy,
    kind: 'run',
    name: startedBy,
    grants: new Map([[project, new Set(stepPermissions.filter((one) => personal || one !== 'data:read-personal'))]]),
    homeProject: project,
    narrowed: true,
    onBehalfOf: startedBy,
    run,
  }
}
