import { type LoggedModelQuery, selectLoggedModels, withModelData } from '../../capabilities/tracking/index.ts'
import type { LoggedModelTable } from '../../capabilities/tracking/index.ts'
import type { Dialect, Reader } from '../../kernel/db/index.ts'
import { loggedModelShape, unlessEmpty } from './shapes.ts'

/** A page of logged models with all points of their metrics, as MLflow's finished JSON. Runs on a reader thread. */
export async function loggedModelSearchBytes(
  db: Reader,
  { query, fingerprint }: { query: LoggedModelQuery; fingerprint: unknown },
  dialect: Dialect,
): Promise<string> {
  const { rows, next } = await selectLoggedModels(db, dialect, query)
  const models = await withModelData(db, query.project, rows, 'all')
  return JSON.stringify({
    ...unlessEmpty(
      'models',
      models.map((model) => loggedModelShape(model)),
    ),
    next_page_token: next(fingerprint),
  })
}

/** A logged model with all points of its metrics, as MLflow's finished JSON. Runs on a reader thread. */
export async function loggedModelBytes(
  db: Reader,
  { row, registrations }: { row: LoggedModelTable; registrations: { name: string; version: string }[] },
): Promise<string> {
  const models = await withModelData(db, row.project_id, [row], 'all')
  return JSON.stringify({ model: models.map((model) => loggedModelShape(model, registrations))[0] })
}
