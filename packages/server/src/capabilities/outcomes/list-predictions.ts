import type { PredictionRow } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import type { TableParam } from '../../kernel/ports/index.ts'
import { cohortSql, currentLabelsSql, predictionsSql } from './cohort-sql.ts'
import { outcomeErrors } from './errors.ts'
import { presentPrediction, recordsOf } from './present-rows.ts'
import { labelRelation, predictionRelation, predictionTimes } from './read-relations.ts'

export interface PredictionQuery {
  from?: number
  to?: number
  id?: string
  version?: number
  release?: string
  labelled?: boolean
  limit: number
  pageToken?: string
}

const defaultRangeMs = 31 * 86_400_000

/** Lists predictions, newest event time first; ids break ties. */
export async function listPredictions(
  deps: Pick<Kernel, 'db' | 'blobs' | 'tables'>,
  { project, deployment, asOf }: { project: string; deployment: string; asOf: number },
  query: PredictionQuery,
): Promise<{ predictions: PredictionRow[]; nextPageToken: string | null }> {
  const times = await predictionTimes(deps, project, deployment)
  if (!times) return { predictions: [], nextPageToken: null }
  const after = query.pageToken === undefined ? undefined : readToken(query.pageToken)
  const to = Math.min(query.to ?? Number.MAX_SAFE_INTEGER, after ? after.eventTime + 1 : times.newest + 1)
  const from = query.from ?? (query.id === undefined ? Math.max(0, to - defaultRangeMs) : times.oldest)
  if (from >= to && (query.from !== undefined || query.to !== undefined) && after === undefined)
    return { predictions: [], nextPageToken: null }
  const params: TableParam[] = []
  const bind = (value: TableParam): string => `$${params.push(value)}`
  const conditions = [
    ...(query.id === undefined ? [] : [`starts_with(id, ${bind(query.id)})`]),
    ...(query.version === undefined ? [] : [`version = ${bind(query.version)}`]),
    ...(query.release === undefined ? [] : [`release = ${bind(query.release)}`]),
    ...(after === undefined
      ? []
      : [`(event_time < ${after.eventTime} or (event_time = ${after.eventTime} and id < ${bind(after.id)}))`]),
  ]
  const range = { from, to }
  const page = `order by event_time desc, id desc limit ${query.limit + 1}`
  const where = (more: string[]) =>
    [...conditions, ...more].length === 0 ? '' : `where ${[...conditions, ...more].join(' and ')}`
  // Labels are looked up for the rows of the page only, unless they decide which rows these are.
  const sql =
    query.labelled === undefined
      ? `with page as materialized (select * from (${predictionsSql(range)}) ${where([])} ${page}), told as (${currentLabelsSql(asOf, 'select id from page')})
         select page.*, told.kind as label_kind, told.number as label_number, told.text as label_text, told.event_time as label_time
         from page left join told on told.prediction_id = page.id order by page.event_time desc, page.id desc`
      : `select * from (${cohortSql(range, asOf)}) ${where([`label_kind is ${query.labelled ? 'not ' : ''}null`])} ${page}`
  const result = await deps.tables.query({
    sql,
    params,
    relations: {
      predictions: await predictionRelation(deps, project, deployment, range),
      labels: await labelRelation(deps, project, deployment, asOf),
    },
    trusted: true,
  })
  const found = recordsOf(result).map((record) => presentPrediction(project, deployment, record))
  const predictions = found.slice(0, query.limit)
  const last = predictions.at(-1)
  return { predictions, nextPageToken: found.length > query.limit && last ? makeToken(last) : null }
}

const makeToken = ({ eventTime, id }: PredictionRow): string =>
  Buffer.from(JSON.stringify([eventTime, id])).toString('base64url')

function readToken(token: string): { eventTime: number; id: string } {
  try {
    const [eventTime, id] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[]
    if (Number.isSafeInteger(eventTime) && typeof id === 'string') return { eventTime: eventTime as number, id }
  } catch {
    // Falls through to the error below.
  }
  throw outcomeErrors.BAD_PAGE_TOKEN()
}
