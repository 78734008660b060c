import type { PredictionDetail, PredictionRow } from '@trivium/contract'
import { permits, type Scope } from '../../kernel/principal/index.ts'

/** A prediction of the list as the reader may see it: without `data:read-rows` which release answered when, and whether a label came, but no values. */
export function shownRow(scope: Scope, row: PredictionRow): PredictionRow {
  return permits(scope, 'data:read-rows') ? row : { ...row, outputs: {}, label: null, withheld: true }
}

/** Everything about a prediction that the reader may see. */
export function shownDetail(scope: Scope, detail: PredictionDetail): PredictionDetail {
  return permits(scope, 'data:read-rows')
    ? detail
    : { ...detail, ...shownRow(scope, detail), inputs: {}, features: {}, labels: [], withheld: true }
}
