import { rm } from 'node:fs/promises'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Relation, TableColumn, WrittenTable } from '../../kernel/ports/index.ts'
import { isSealed, replaceColumns } from '../../kernel/subjects/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { sealingOf } from '../access/index.ts'
import { labelColumns } from './label-table.ts'
import { predictionLogColumns, predictionRelation } from './read-relations.ts'
import { waitingSubject } from './waiting-labels.ts'

type Deps = Pick<Kernel, 'db' | 'tables' | 'subjects' | 'paths' | 'blobs'>

/** The name that a label has among columns that are declared personal. */
export const labelName = 'label'

/**
 * The column of a deployment's prediction log that says whose its labels are, where they are sealed: when `label` is declared personal, or an output, since a label
 * is what an output should have been.
 */
export async function subjectOfLabels(
  { db }: Pick<Kernel, 'db'>,
  project: string,
  deployment: string,
  /** Of predictions that come now, beside those of the log. */
  coming: readonly TableColumn[] = [],
): Promise<string | undefined> {
  const columns = [...(await predictionLogColumns({ db }, project, deployment)), ...coming].map(({ name }) => name)
  const sealing = await sealingOf(db.read, project, [...columns, labelName])
  const [, subject] =
    [...sealing].find(([name]) => name === labelName) ?? [...sealing].find(([name]) => name.startsWith('output.')) ?? []
  return subject === labelName ? undefined : subject
}

/** Whether labels are declared personal, of which no prediction says yet whose they are. */
async function isDeclared({ db }: Pick<Kernel, 'db'>, project: string): Promise<boolean> {
  const found = await db.read
    .selectFrom('personal_column')
    .select('name')
    .where('project_id', '=', project)
    .where((e) => e(e.fn<string>('lower', ['name']), '=', labelName))
    .where('subject_column', 'is not', null)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

/** Seals the values of labels for whom their predictions are about; undefined where none is personal. One that comes before its prediction has a key of its own. */
export async function sealLabels(
  deps: Deps,
  { project, deployment }: { project: string; deployment: string },
  rows: { path: string },
  to: string,
): Promise<WrittenTable | undefined> {
  const subject = await subjectOfLabels(deps, project, deployment)
  if (subject === undefined && !(await isDeclared(deps, project))) return undefined
  const predictions = await predictionRelation(deps, project, deployment)
  const joined = `${to}.joined`
  await deps.tables.write({
    sql: `select l.* replace (coalesce(l."text", case when l.kind = 'boolean' then (l.number = 1)::varchar else l.number::varchar end) as "text", null::double as number), case when p.id is null then '${waitingSubject(deployment, '').replaceAll("'", "''")}' || l.prediction_id else coalesce(p.subject, '') end as "~subject"
      from labels l left join (select id, any_value(${subject === undefined ? 'null' : sqlName(subject)})::varchar as subject from predictions where id in (select prediction_id from labels) group by id) p on p.id = l.prediction_id
      order by l.event_time, l.id`,
    relations: { labels: { format: 'parquet', files: [rows.path], columns: labelColumns }, predictions },
    trusted: true,
    output: { path: joined, format: 'parquet' },
  })
  try {
    return await replaceColumns(deps, {
      relation: { format: 'parquet', files: [joined] },
      path: to,
      read: ['"~subject" as s', '"text" as t', 'kind as k'],
      columns: ['s', 't', 'k'],
      match: [],
      replace: ['s.t as "text"'],
      drop: ['~subject'],
      change: async (lines) => {
        const seal = await deps.subjects.sealer(
          project,
          lines.map((line) => String(line['s'] ?? '')),
        )
        for (const line of lines) {
          const place = line['k'] === 'string' ? labelName : `${labelName}/${line['k']}`
          line['t'] = seal(String(line['s'] ?? ''), place, String(line['t']))
        }
      },
    })
  } finally {
    await rm(joined, { force: true })
  }
}

/** Labels for what computes with them and shows nobody's: opened in a file of its own, without those of people who were erased. */
export async function openLabels(
  deps: Deps,
  project: string,
  labels: Relation,
  path: string,
): Promise<Relation | undefined> {
  if (labels.files.length === 0) return undefined
  const { rows } = await deps.tables.query({
    sql: `select 1 from labels where starts_with("text", chr(1) || 'sbj_') limit 1`,
    relations: { labels },
    trusted: true,
  })
  if (rows.length === 0) return undefined
  const columns: TableColumn[] = [...labelColumns]
  const all = `${path}.all`
  try {
    await replaceColumns(deps, {
      relation: labels,
      path: all,
      read: ['"text" as t'],
      columns: ['t'],
      match: [],
      replace: [
        `case when d.kind = 'string' then s.t end as "text"`,
        `case d.kind when 'boolean' then coalesce(d.number, try_cast(s.t as boolean)::double) when 'number' then coalesce(d.number, try_cast(s.t as double)) end as number`,
      ],
      change: async (lines) => {
        const open = await deps.subjects.opener(
          project,
          lines.map((line) => line['t']),
        )
        for (const line of lines) if (isSealed(line['t'])) line['t'] = open(line['t']) ?? null
      },
    })
    await deps.tables.write({
      sql: 'select * from labels where "text" is not null or number is not null',
      relations: { labels: { format: 'parquet', files: [all], columns } },
      trusted: true,
      output: { path, format: 'parquet' },
    })
    return { format: 'parquet', files: [path], columns }
  } finally {
    await rm(all, { force: true })
  }
}
