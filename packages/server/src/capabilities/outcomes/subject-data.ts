import type { Kernel } from '../../kernel/kernel.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { DataSubject, Relation, SubjectCount, SubjectData } from '../../kernel/ports/index.ts'
import { heldRows, type HeldRows, readSealed, textColumns } from '../../kernel/subjects/index.ts'
import { sealingOf } from '../access/index.ts'
import { type LabelRow, labelValue } from './label-table.ts'
import { recordsOf } from './present-rows.ts'
import { valueKinds } from './prediction-table.ts'
import { labelRelation, predictionRelation } from './read-relations.ts'
import { labelName, subjectOfLabels } from './seal-labels.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables' | 'subjects'>

const most = 1000

/** Labels about a person: conditions over relation `labels`, beside `predictions`, with the parameters of the predictions. */
interface HeldLabels {
  readonly relation: Relation
  readonly sealed: string
  readonly where: string
}
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
  ): AsyncGenerator<{ deployment: string; predictions: Relation; rows: HeldRows; labels: HeldLabels | undefined }> {
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
      const sealing = await sealingOf(db.read, person.project, [...names, labelName])
      const naming = [...new Set(sealing.values())].filter((name) => names.includes(name))
      const rows = heldRows(person, { sealed: textColumns(values), naming })
      if (rows && predictions.files.length > 0)
        yield { deployment, predictions, rows, labels: await heldLabels(person, deployment, rows) }
    }
  }
  /** Labels that are sealed with his key, and where labels are sealed now those from before of his predictions. */
  const heldLabels = async (
    { project }: DataSubject,
    deployment: string,
    ofPredictions: HeldRows,
  ): Promise<HeldLabels | undefined> => {
    const relation = await labelRelation(deps, project, deployment)
    if (relation.files.length === 0) return undefined
    const sealed = `coalesce(starts_with("text", $1), false) and $1 <> ''`
    const known = (await subjectOfLabels(deps, project, deployment)) !== undefined
    const plain = `(not coalesce(starts_with("text", chr(1) || 'sbj_'), false) and prediction_id in (select id from predictions where ${ofPredictions.where}))`
    return {
      relation,
      sealed: `(${sealed})`,
      where: `((${sealed})${known ? ` or ${plain}` : ''}) and $2::varchar is not null and exists (select 1 from predictions)`,
    }
  }
  const find = async (person: DataSubject): Promise<SubjectCount[]> => {
    const counts: SubjectCount[] = []
    for await (const { deployment, predictions, rows, labels } of held(person)) {
      const { rows: answer } = await tables.query({
        sql: `select count(distinct id), count(distinct id) filter (not ${rows.sealed}) from predictions where ${rows.where}`,
        relations: { predictions },
        params: rows.params,
        trusted: true,
      })
      const [count, plain] = (answer[0] ?? []).map(Number) as [number, number]
      const found = (kind: string, all: number, open: number): void => {
        if (all === 0) return
        const urns = [urn(person.project, 'deployment', deployment)]
        counts.push({ kind, where: deployment, count: all, urns, ...(open > 0 ? { plain: open } : {}) })
      }
      found('predictions', count, plain)
      if (!labels) continue
      const { rows: told } = await tables.query({
        sql: `select count(*), count(*) filter (not ${labels.sealed}) from labels where ${labels.where}`,
        relations: { predictions, labels: labels.relation },
        params: rows.params,
        trusted: true,
      })
      found('labels', Number(told[0]?.[0]), Number(told[0]?.[1]))
    }
    return counts
  }
  return {
    capability: 'outcomes',
    find,
    export: async function* (person) {
      for await (const { deployment, predictions, rows, labels } of held(person)) {
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
        for (let offset = 0; labels; offset += most) {
          const page = await tables.query({
            sql: `select * from labels where ${labels.where} order by event_time, id limit ${most} offset ${offset}`,
            relations: { predictions, labels: labels.relation },
            params: rows.params,
            trusted: true,
          })
          const open = await subjects.opener(person.project, page.rows.flat())
          for (const label of recordsOf(page) as unknown as LabelRow[]) {
            const { id, prediction_id, event_time, at, source } = label
            const value = readSealed(labelValue(label), open)
            yield { kind: 'labels', where: deployment, record: { id, prediction_id, value, event_time, at, source } }
          }
          if (page.rows.length < most) break
        }
      }
    },
    erase: find,
  }
}
