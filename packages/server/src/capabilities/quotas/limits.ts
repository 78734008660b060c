import { quotaDefinitions, type QuotaName, quotaNames } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import './tables.ts'

/** Limits of the projects: what an administrator has set, else the settings, else the default. 0 is none. */
export interface Limits {
  /** The limits are there once this has resolved; afterwards it looks again now and then by itself. */
  ready(): Promise<void> | undefined
  of(project: string, name: QuotaName): { limit: number; own: boolean }
  set(scope: Scope, limits: Readonly<Partial<Record<QuotaName, number | null>>>): Promise<void>
}

/** How long a change on another server may go unseen. */
const freshMs = 5000

export function createLimits({
  db,
  clock,
  events,
  config,
  logger,
}: Pick<Kernel, 'db' | 'clock' | 'events' | 'config' | 'logger'>): Limits {
  const defaults = defaultLimits(config.quotas)
  let own = new Map<string, Map<QuotaName, number>>()
  let readAt: number | undefined
  let reading: Promise<void> | undefined

  const read = async (): Promise<void> => {
    const rows = await db.read.selectFrom('quota').select(['project_id', 'name', 'amount']).execute()
    const found = new Map<string, Map<QuotaName, number>>()
    for (const { project_id, name, amount } of rows) {
      const limits = found.get(project_id) ?? new Map<QuotaName, number>()
      found.set(project_id, limits.set(name, Number(amount)))
    }
    own = found
    readAt = performance.now()
  }
  const refresh = (): Promise<void> => (reading ??= read().finally(() => (reading = undefined)))

  return {
    ready: () => {
      if (readAt === undefined) return refresh()
      if (performance.now() - readAt > freshMs)
        // The limits of a moment ago will do while the database is away.
        void refresh().catch((error: unknown) => logger.warn({ err: error }, 'quotas could not be read'))
      return undefined
    },
    of: (project, name) => {
      const set = own.get(project)?.get(name)
      return { limit: set ?? defaults[name], own: set !== undefined }
    },
    set: async (scope, limits) => {
      const changes = Object.entries(limits) as [QuotaName, number | null][]
      await db.write.transaction().execute(async (trx) => {
        for (const [name, amount] of changes) {
          await trx.deleteFrom('quota').where('project_id', '=', scope.project).where('name', '=', name).execute()
          if (amount !== null)
            await trx
              .insertInto('quota')
              .values({ project_id: scope.project, name, amount, set_by: scope.principal.id, set_at: clock() })
              .execute()
        }
        await events.append(trx, {
          project: scope.project,
          name: 'quota.set',
          schema: 1,
          by: scope.principal.id,
          subject: urn(scope.project, 'project', scope.project),
          refs: [],
          data: { limits: Object.fromEntries(changes) },
        })
      })
      await read()
    },
  }
}

/** The defaults with what the setting says: `storage=100000000000,running-steps=4`. */
function defaultLimits(setting: string): Readonly<Record<QuotaName, number>> {
  const said = new Map(
    setting
      .split(',')
      .filter((part) => part !== '')
      .map((part) => part.split('=') as [string, string]),
  )
  return Object.fromEntries(
    quotaNames.map((name) => [name, Number(said.get(name) ?? quotaDefinitions[name].limit)]),
  ) as Record<QuotaName, number>
}
