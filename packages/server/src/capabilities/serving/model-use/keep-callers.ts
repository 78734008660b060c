import type { Kernel } from '../../../kernel/kernel.ts'
import type { GatewayCallers } from '../../../kernel/ports/index.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { DeploymentCallerTable } from '../tables.ts'

/** What a gateway that is killed has not told yet is lost after so long; predictions themselves never are. */
const keepMs = 30_000
const rowsAtOnce = 500

/** Who was answered by which release: what was kept of earlier starts of the gateways, and what they count now. */
export interface Callers {
  /** Rows of some deployments, one for each release, principal and start of a gateway. */
  read(project: string, deployments: readonly string[]): Promise<DeploymentCallerTable[]>
  /** Writes down what the gateway of this server has counted. */
  keep(): Promise<void>
  start(): void
  stop(): Promise<void>
}

const rowsOf = ({ gateway, callers }: GatewayCallers): DeploymentCallerTable[] =>
  callers.map((one) => ({
    project_id: one.project,
    deployment: one.deployment,
    release_id: one.release,
    principal: one.principal,
    gateway,
    requests: one.requests,
    predictions: one.predictions,
    first_at: one.firstAt,
    last_at: one.lastAt,
  }))
const keyOf = (row: DeploymentCallerTable): string =>
  [row.project_id, row.deployment, row.release_id, row.principal, row.gateway].join('\n')

export function createCallers({ db, logger }: Pick<Kernel, 'db' | 'logger'>, gateway: Gateway): Callers {
  const kept = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let keeping: Promise<void> = Promise.resolve()

  const keep = async (): Promise<void> => {
    const told = await gateway.callers('own')
    const rows = told.flatMap(rowsOf).filter((row) => kept.get(keyOf(row)) !== row.requests)
    for (let start = 0; start < rows.length; start += rowsAtOnce) {
      const some = rows.slice(start, start + rowsAtOnce)
      await db.write.transaction().execute((trx) =>
        trx
          .insertInto('deployment_caller')
          .values(some)
          // The gateway says what it has counted in all: telling it twice changes nothing.
          .onConflict((c) =>
            c.columns(['project_id', 'deployment', 'release_id', 'principal', 'gateway']).doUpdateSet((e) => ({
              requests: e.ref('excluded.requests'),
              predictions: e.ref('excluded.predictions'),
              last_at: e.ref('excluded.last_at'),
            })),
          )
          .execute(),
      )
      for (const row of some) kept.set(keyOf(row), row.requests)
    }
  }
  const keepLater = (): Promise<void> => {
    keeping = keeping.then(keep).catch((error: unknown) => {
      logger.warn({ err: error }, 'who called the gateway could not be written down; it is tried again')
    })
    return keeping
  }

  return {
    read: async (project, deployments) => {
      if (deployments.length === 0) return []
      const [stored, live] = await Promise.all([
        db.read
          .selectFrom('deployment_caller')
          .selectAll()
          .where('project_id', '=', project)
          .where('deployment', 'in', [...deployments])
          .execute(),
        gateway.callers('all'),
      ])
      const rows = new Map(stored.map((row) => [keyOf(row), row]))
      for (const row of live.flatMap(rowsOf))
        if (row.project_id === project && deployments.includes(row.deployment)) rows.set(keyOf(row), row)
      return [...rows.values()]
    },
    keep,
    start: () => {
      timer ??= setInterval(() => void keepLater(), keepMs).unref()
    },
    stop: async () => {
      clearInterval(timer)
      await keepLater()
    },
  }
}
