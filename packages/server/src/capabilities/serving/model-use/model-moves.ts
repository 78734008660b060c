import { sql } from 'kysely'
import type { Dialect, Reader } from '../../../kernel/db/index.ts'
import '../tables.ts'

/** One move of a deployment's pointer to a version of a model. */
export interface ModelMove {
  readonly deployment: string
  readonly release: string
  readonly model: string
  readonly version: number
  readonly at: number
  readonly by: string
  /** When the pointer moved on, or the deployment was retired; null while it points there. */
  readonly until: number | null
  readonly retired: boolean
}

const modelsAtOnce = 200

/** Every time that a deployment was pointed to a version of one of the models, oldest first. */
export async function movesToModels(
  db: Reader,
  dialect: Dialect,
  project: string,
  models: readonly string[],
): Promise<ModelMove[]> {
  const found: ModelMove[] = []
  // Written as the index is.
  const model =
    dialect === 'postgres' ? sql`((r.manifest::jsonb) ->> 'model')` : sql`(json_extract(r.manifest, '$.model'))`
  const version =
    dialect === 'postgres'
      ? sql`((r.manifest::jsonb) ->> 'version')::integer`
      : sql`json_extract(r.manifest, '$.version')`
  for (let start = 0; start < models.length; start += modelsAtOnce) {
    const { rows } = await sql<
      Omit<ModelMove, 'until' | 'retired'> & { next_at: number | null; retired_at: number | null }
    >`select a.deployment, a.release_id as "release", ${model} as model, ${version} as version, a.at, a.by_id as "by", d.retired_at,
        (select n.at from deployment_activation n where n.project_id = a.project_id and n.deployment = a.deployment and n.seq = a.seq + 1) as next_at
      from "release" r
      join deployment_activation a on a.project_id = r.project_id and a.release_id = r.id
      join deployment d on d.project_id = a.project_id and d.name = a.deployment
      where r.project_id = ${project} and ${model} in (${sql.join(models.slice(start, start + modelsAtOnce))})
      order by a.at, a.deployment, a.seq`.execute(db as never)
    found.push(
      ...rows.map(({ next_at: next, retired_at: retired, ...move }) => ({
        ...move,
        until: next ?? retired,
        retired: next === null && retired !== null,
      })),
    )
  }
  return found
}
