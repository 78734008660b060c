import { eventSchemas, type ProductionTime } from '@trivium/contract'
import { sql } from 'kysely'
import type { Scope } from '../../../../kernel/principal/index.ts'
import { urn } from '../../../../kernel/ids/index.ts'
import { readTeams } from '../../../access/index.ts'
import type { ModelUseDeps } from '../model-use.ts'
import type { ProductionTimeInput } from './production-time-thread.ts'

const dayMs = 86_400_000
const productionKinds = new Set(['deployment', 'release', 'prediction', 'monitor', 'window', 'alert'])

/** Reads it on another thread: a busy project has a million records in three months. */
export async function readProductionTime(
  { db, clock }: ModelUseDeps,
  { project }: Scope,
  days: number,
): Promise<ProductionTime> {
  const to = clock()
  const people = await db.read.selectFrom('principal').select('id').where('kind', '=', 'person').execute()
  const members = await readTeams(
    db.read,
    project,
    people.map(({ id }) => id),
  )
  const input: ProductionTimeInput = {
    project,
    from: to - days * dayMs,
    to,
    deployed: await firstDeployed(db, project),
    names: [...new Set(eventSchemas.filter((one) => productionKinds.has(one.subject)).map(({ name }) => name))],
    teams: Object.fromEntries([...members.values()].map(({ id, team }) => [id, team])),
  }
  const bytes = await db.offload({
    module: new URL('./production-time-thread.ts', import.meta.url),
    name: 'productionTimeBytes',
    input,
    slow: true,
  })
  return JSON.parse(Buffer.from(bytes).toString()) as ProductionTime
}

async function firstDeployed({ read, dialect }: ModelUseDeps['db'], project: string): Promise<Record<string, number>> {
  const [model, version] =
    dialect === 'postgres'
      ? [sql`((r.manifest::jsonb) ->> 'model')`, sql`((r.manifest::jsonb) ->> 'version')`]
      : [sql`(json_extract(r.manifest, '$.model'))`, sql`json_extract(r.manifest, '$.version')`]
  const { rows } = await sql<{ model: string; version: string | number; at: number }>`
    select ${model} as model, ${version} as version, min(a.at) as at from "release" r
    join deployment_activation a on a.project_id = r.project_id and a.release_id = r.id
    where r.project_id = ${project} group by 1, 2`.execute(read as never)
  return Object.fromEntries(rows.map((row) => [urn(project, 'model', row.model, String(row.version)), Number(row.at)]))
}
