/** Copies of a prediction's id are recognised up to so far apart in event time; a caller repeats a request within minutes. */
export const copyMarginMs = 86_400_000

/** Predictions with event times in [from, to). */
export interface PredictionRange {
  readonly from: number
  readonly to: number
}

/**
 * SELECT of the predictions in a range, each id once: of several records with an id the one that arrived first counts. Reads relation `predictions`, whose files must
 * cover `copyMarginMs` on both sides.
 */
export function predictionsSql({ from, to }: PredictionRange, columns = '*'): string {
  const around = `event_time >= ${from - copyMarginMs} and event_time < ${to + copyMarginMs}`
  const once = `row_number() over (partition by id order by "at", event_time, release) = 1`
  return `select ${columns} from (select * from predictions where ${around} qualify ${once}) where event_time >= ${from} and event_time < ${to}`
}

/**
 * SELECT of the label that counts for each prediction at `asOf` (`resolveLabels` as SQL): prediction_id, kind, number, text and `event_time`, when this value
 * became known. `among` is SQL for the ids that are asked about. Reads relation `labels`.
 */
export function currentLabelsSql(asOf: number, among?: string): string {
  const filter = among === undefined ? '' : ` and prediction_id in (${among})`
  const history = `select *, kind || ':' || coalesce(number::varchar, text, '') as value_key from labels where event_time <= ${asOf}${filter}
    window told as (partition by prediction_id order by event_time, id)
    qualify row_number() over told = 1 or value_key is distinct from lag(value_key) over told`
  return `select prediction_id, kind, number, text, event_time from (${history})
    qualify row_number() over (partition by prediction_id order by event_time desc, id desc) = 1`
}

/**
 * SELECT of the predictions in a range with the label that each has at `asOf`: their columns and label_kind, label_number, label_text, label_time (null without
 * a label).
 */
export function cohortSql(range: PredictionRange, asOf: number): string {
  return `with picked as materialized (${predictionsSql(range)}), told as (${currentLabelsSql(asOf, 'select id from picked')})
    select picked.*, told.kind as label_kind, told.number as label_number, told.text as label_text, told.event_time as label_time
    from picked left join told on told.prediction_id = picked.id`
}
