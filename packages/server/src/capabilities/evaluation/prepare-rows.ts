import type { DatasetVersion } from '@trivium/contract'
import type { Relation, TableColumn, TableEngine } from '../../kernel/ports/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { evaluationErrors } from './errors.ts'
import { metricsOf, type Task } from './metric-words.ts'
import type { EvaluationSettings } from './settings.ts'

/** The rows that a model is judged on, as a file, and what is known about them. */
export interface PreparedRows {
  readonly relation: Relation
  readonly path: string
  readonly rows: number
  readonly unlabelled: number
  readonly from: number
  readonly to: number
  readonly task: Task
  /** The values of each sliced column, the most frequent first; empty values are `(none)`. */
  readonly slices: readonly { readonly column: string; readonly values: readonly string[] }[]
}

const times = ['timestamp', 'date']
/** A column of the table `data` as the text that slices are named by. */
export const sliceText = (column: string): string => `coalesce(data.${sqlName(column)}::varchar, '(none)')`
/** A column of the table `data` in milliseconds UTC. */
export const timeMs = (column: string): string => `epoch_ms(data.${sqlName(column)}::timestamp)`

/** The column whose days are the blocks. */
export function timeColumnOf(version: DatasetVersion, settings: EvaluationSettings): string {
  const name = settings.blocks ?? version.eventTimeColumn
  if (name === null) throw evaluationErrors.NO_EVENT_TIME(called(version))
  const column = requireColumn(version, 'blocks', name)
  if (!times.includes(column.type)) throw evaluationErrors.NOT_A_TIME(name, column.type)
  return name
}

/** The dataset version as messages call it. */
export const called = (version: DatasetVersion): string => `dataset ${version.name} v${version.version}`

/** Throws EVALUATION.COLUMN_MISSING with the columns that there are. */
export function requireColumn(version: DatasetVersion, what: string, name: string): TableColumn {
  const found = version.columns.find((column) => column.name === name)
  if (!found)
    throw evaluationErrors.COLUMN_MISSING(
      what,
      name,
      called(version),
      version.columns.map((column) => column.name).join(', '),
    )
  return found
}

/** Writes the labelled rows that the filter leaves, with the columns that models, label, blocks and slices need, in the dataset's order. */
export async function prepareRows(
  tables: TableEngine,
  input: {
    version: DatasetVersion
    source: Relation
    settings: EvaluationSettings
    features: readonly string[]
    path: string
    signal?: AbortSignal
  },
): Promise<PreparedRows> {
  const { version, source, settings, features, path } = input
  const options = input.signal ? { signal: input.signal } : {}
  const time = timeColumnOf(version, settings)
  const label = requireColumn(version, 'Label', settings.label)
  if (!['boolean', 'integer', 'number'].includes(label.type))
    throw evaluationErrors.LABEL_UNUSABLE(
      label.name,
      `is ${label.type}; it must be true and false, 0 and 1, or a number`,
    )
  for (const name of features) requireColumn(version, "The model's input", name)
  for (const { column } of settings.slices) requireColumn(version, 'Slice', column)
  const condition = settings.where === undefined ? 'true' : `(${settings.where}\n)`
  const known = `${sqlName(label.name)} is not null${label.type === 'number' ? ` and not isnan(${sqlName(label.name)})` : ''}`
  const columns = [...new Set([...features, label.name, time, ...settings.slices.map(({ column }) => column)])]
  const counted = await tables.query(
    {
      sql: `select count(*), count(*) filter (where ${known}) from data where ${condition}`,
      relations: { data: source },
      trusted: false,
    },
    options,
  )
  const [matching, labelled] = (counted.rows[0] ?? []) as [number, number]
  if (matching === 0)
    throw evaluationErrors.NO_ROWS(
      called(version),
      settings.where === undefined ? 'it has no rows' : `no row fulfils ${settings.where}`,
    )
  if (labelled === 0)
    throw evaluationErrors.NO_ROWS(
      called(version),
      `all ${matching.toLocaleString('en-GB')} rows have an empty "${label.name}"`,
    )
  await tables.write(
    {
      sql: `select ${columns.map(sqlName).join(', ')} from data where ${known} and ${condition}`,
      relations: { data: source },
      trusted: false,
      output: { path, format: 'parquet' },
    },
    options,
  )
  const relation: Relation = { format: 'parquet', files: [path] }
  const y = `data.${sqlName(label.name)}::double`
  const facts = await tables.query(
    {
      sql: `select min(${timeMs(time)}), max(${timeMs(time)}), count(*) filter (where data.${sqlName(time)} is null), min(${y}), max(${y}), bool_and(${y} in (0, 1)) from data`,
      relations: { data: relation },
      trusted: true,
    },
    options,
  )
  const [from, to, timeless, smallest, largest, yesNo] = (facts.rows[0] ?? []) as [
    number,
    number,
    number,
    number,
    number,
    boolean,
  ]
  if (timeless > 0)
    throw evaluationErrors.NO_ROWS(called(version), `${timeless.toLocaleString('en-GB')} rows have an empty "${time}"`)
  const task = taskOf(settings, label.name, yesNo)
  if (task === 'binary' && smallest === largest)
    throw evaluationErrors.LABEL_UNUSABLE(
      label.name,
      `is ${smallest} in all ${labelled.toLocaleString('en-GB')} rows; nothing can be told from that`,
    )
  const slices = []
  for (const { column, top } of settings.slices) {
    const found = await tables.query(
      {
        sql: `select ${sliceText(column)} as value from data group by 1 order by count(*) desc, 1 limit ${top}`,
        relations: { data: relation },
        trusted: true,
      },
      options,
    )
    slices.push({ column, values: found.rows.map(([value]) => String(value)) })
  }
  return { relation, path, rows: labelled, unlabelled: matching - labelled, from, to, task, slices }
}

/** What the metrics that somebody named are of, else what the label looks like. */
function taskOf({ metrics, compare }: EvaluationSettings, label: string, yesNo: boolean): Task {
  const named = [...(metrics ?? []), ...(compare ? [compare.metric] : [])]
  const task: Task =
    named.length > 0
      ? named.every((name) => metricsOf('regression').includes(name))
        ? 'regression'
        : 'binary'
      : yesNo
        ? 'binary'
        : 'regression'
  const stranger = named.find((name) => !metricsOf(task).includes(name))
  if (stranger !== undefined) throw evaluationErrors.DIFFERENT_TASKS(stranger, task)
  if (task === 'binary' && !yesNo)
    throw evaluationErrors.LABEL_UNUSABLE(label, `has other values than 0 and 1, and ${named[0]} is about yes and no`)
  return task
}
