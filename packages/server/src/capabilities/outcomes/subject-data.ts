import type { Kernel } from '../../kernel/kernel.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { DataSubject, Relation, SubjectCount, SubjectData, SubjectRemainder } from '../../kernel/ports/index.ts'
import {
  distinctNames,
  hasNames,
  heldRows,
  type HeldRows,
  hintsOf,
  holdsName,
  namesOf,
  readSealed,
  textColumns,
} from '../../kernel/subjects/index.ts'
import { sealingOf } from '../access/index.ts'
import { type LabelRow, labelValue } from './label-table.ts'
import { recordsOf } from './present-rows.ts'
import { valueKinds } from './prediction-table.ts'
import { labelRelation, predictionRelation } from './read-relations.ts'
import { labelName, subjectOfLabels } from './seal-labels.ts'
import { waitingKeys, withSealedLabels } from './waiting-labels.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables' | 'subjects' | 'clock'>

const most = 1000

/** Labels about a person: conditions over relation `labels`, beside `predictions`, with the parameters of the predictions. */
interface HeldLabels {
  readonly relation: Relation
  readonly sealed: string
  readonly where: string
  /** Keys of labels that came before his predictions. */
  readonly waiting: readonly string[]
  /** Labels of his predictions that an earlier version has sealed for nobody. */
  readonly ofNobody: string
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
    const early = await withSealedLabels(
      deps,
      relation,
      await predictionRelation(deps, project, deployment),
      ofPredictions.where,
      ofPredictions.params as string[],
    )
    const waiting = await waitingKeys(deps, { project, deployment }, early)
    const ofWaiting = `substr(split_part("text", ':', 1), 2) in (${waiting.map((id) => `'${id.replaceAll("'", '')}'`).join(', ') || 'null'})`
    const sealed = `(coalesce(starts_with("text", $1), false) and $1 <> '') or coalesce(${ofWaiting}, false)`
    const known = (await subjectOfLabels(deps, project, deployment)) !== undefined
    const plain = `(not coalesce(starts_with("text", chr(1) || 'sbj_'), false) and prediction_id in (select id from predictions where ${ofPredictions.where}))`
    return {
      relation,
      waiting,
      ofNobody: `starts_with("text", chr(1) || 'sbj_') and not (${sealed}) and prediction_id in (select id from predictions where ${ofPredictions.where})`,
      sealed: `(${sealed})`,
      where: `((${sealed})${known ? ` or ${plain}` : ''}) and $2::varchar is not null and exists (select 1 from predictions)`,
    }
  }
  /** Predictions and labels whose own id, or source, names him: callers choose these. */
  const chosenIds = async (person: DataSubject): Promise<SubjectRemainder[]> => {
    const names = distinctNames(person.names ?? namesOf([person.subject]))
    const hints = hintsOf(names)
    if (!hasNames(names) || !hints) return []
    const left: SubjectRemainder[] = []
    const found = await db.read
      .selectFrom('table_def')
      .select('id')
      .where('project_id', '=', person.project)
      .where((e) => e.or([e('id', 'like', `${prefix}%`), e('id', 'like', 'label/%')]))
      .orderBy('id')
      .execute()
    for (const { id } of found) {
      const isLabel = id.startsWith('label/')
      const deployment = id.slice(id.indexOf('/') + 1)
      const rows = await (isLabel ? labelRelation : predictionRelation)(deps, person.project, deployment)
      if (rows.files.length === 0) continue
      const columns = isLabel ? ['prediction_id', 'source'] : ['id']
      const like = columns.flatMap((name) => hints.map((_, n) => `contains(lower(${name}), $${n + 1})`)).join(' or ')
      const { rows: texts } = await tables.query({
        sql: `select ${columns.join(', ')} from rows where ${like}`,
        relations: { rows },
        params: hints,
        trusted: true,
        maxRows: 100_000,
      })
      const count = texts.filter((row) => row.some((text) => holdsName(names, String(text ?? '')))).length
      const why =
        'An id, or source, that the caller chose lies in files that do not change. Choose ids that mean nothing outside of your systems.'
      if (count > 0)
        left.push({ kind: isLabel ? 'ids of labels' : 'ids of predictions', where: deployment, count, why })
    }
    return left
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
    repeats: true,
    erase: async (person) => {
      // A restore that repeats it knows his key and not his id; rows that name nobody are not his.
      const known = person.subject === '' ? { ...person, subject: '\u0001' } : person
      const { project } = person
      for await (const { labels } of held(known))
        if (labels && labels.waiting.length > 0)
          await db.write.transaction().execute((trx) => subjects.eraseAgain(trx, project, labels.waiting, deps.clock()))
      return find(known)
    },
    left: async (person) => {
      const left: SubjectRemainder[] = []
      for await (const { deployment, predictions, rows, labels } of held(person)) {
        if (!labels) continue
        const { rows: told } = await tables.query({
          sql: `select count(*) from labels where (${labels.ofNobody}) and $2::varchar is not null`,
          relations: { predictions, labels: labels.relation },
          params: rows.params,
          trusted: true,
        })
        const count = Number(told[0]?.[0])
        const why = 'They came before their prediction and an earlier version encrypted them for nobody.'
        if (count > 0) left.push({ kind: 'labels', where: deployment, count, why })
      }
      return [...left, ...(await chosenIds(person))]
    },
  }
}
