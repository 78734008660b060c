import type { Kernel } from '../../kernel/kernel.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { DataSubject, Relation, SubjectCount, SubjectData } from '../../kernel/ports/index.ts'
import { heldRows, type HeldRows, readSealed, textColumns } from '../../kernel/subjects/index.ts'
import { sealingOf } from '../access/index.ts'
import { recordsOf } from './present-rows.ts'
import { valueKinds } from './prediction-table.ts'
import { predictionRelation } from './read-relations.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables' | 'subjects'>

const most = 1000
const prefix = 'prediction/'

/**
 * What the prediction log holds about a person: predictions with a value that is sealed with his key, and those from before anything said whose they are, by
 * his name. His key covers the sealed ones; erasing first makes what is still in segments of the ledger visible, sealed, and drops the segments.
 */
export function predictionSubjects(
  deps: Deps,
  flush: (project: string, deployment: string) => Promise<void>,
): SubjectData {
  const { db, tables, subjects } = deps
  const held = async function* (
    person: DataSubject,
  ): AsyncGenerator<{ deployment: string; predictions: Relation; rows: HeldRows }> {
    const found = await db.read
      .selectFrom('table_def')
      .select('id')
      .where('project_id', '=', person.project)
      .where('id', 'like', `${prefix}%`)
      .orderBy('id')
      .execute()
    for (const { id } of found) {
      const deployment = id.slice(prefix.length)
      await flush(person.project, deployment)
      const predictions = await predictionRelation(deps, person.project, deployment)
      const values = (predictions.columns ?? []).filter(({ name }) =>
        valueKinds.some((kind) => name.startsWith(kind.prefix)),
      )
      const names = values.map(({ name }) => name)
      const naming = [...new Set((await sealingOf(db.read, person.project, names)).values())]
      const rows = heldRows(person, { sealed: textColumns(values), naming })
      if (rows && predictions.files.length > 0) yield { deployment, predictions, rows }
    }
  }
  const find = async (person: DataSubject): Promise<SubjectCount[]> => {
    const counts: SubjectCount[] = []
    for await (const { deployment, predictions, rows } of held(person)) {
      const { rows: answer } = await tables.query({
        sql: `select count(distinct id), count(distinct id) filter (not ${rows.sealed}) from predictions where ${rows.where}`,
        relations: { predictions },
        params: rows.params,
        trusted: true,
      })
      const [count, plain] = (answer[0] ?? []).map(Number) as [number, number]
      if (count === 0) continue
      counts.push({
        kind: 'predictions',
        where: deployment,
        count,
        urns: [urn(person.project, 'deployment', deployment)],
        ...(plain > 0 ? { plain } : {}),
      })
    }
    return counts
  }
  return {
    capability: 'outcomes',
    find,
    export: async function* (person) {
      for await (const { deployment, predictions, rows } of held(person))
        for (let offset = 0; ; offset += most) {
          const page = await tables.query({
            sql: `select * from predictions where ${rows.where} order by event_time, id limit ${most} offset ${offset}`,
            relations: { predictions },
            params: rows.params,
            trusted: true,
          })
          const open = await subjects.opener(person.project, page.rows.flat())
          for (const record of recordsOf(page))
            yield {
              kind: 'predictions',
              where: deployment,
              record: Object.fromEntries(
                Object.entries(record).flatMap(([name, value]) =>
                  value === null ? [] : [[name, readSealed(value, open)]],
                ),
              ),
            }
          if (page.rows.length < most) break
        }
    },
    erase: find,
  }
}
