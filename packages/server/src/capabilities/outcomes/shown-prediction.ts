import type { PredictionDetail, PredictionRow } from '@trivium/contract'
import { permits, type Scope } from '../../kernel/principal/index.ts'
import { type Mask, maskRecord } from '../access/index.ts'

/** A prediction of the list as the reader may see it: without `data:read-rows` which release answered when, but no values; personal columns redacted. */
export function shownRow(scope: Scope, mask: Mask, row: PredictionRow): PredictionRow {
  return permits(scope, 'data:read-rows')
    ? { ...row, outputs: maskRecord(mask, row.outputs) }
    : { ...row, outputs: {}, label: null, withheld: true }
}

/** Everything about a prediction that the reader may see. */
export function shownDetail(scope: Scope, mask: Mask, detail: PredictionDetail): PredictionDetail {
  const shown = { ...detail, ...shownRow(scope, mask, detail) }
  return shown.withheld
    ? { ...shown, inputs: {}, features: {}, labels: [] }
    : { ...shown, inputs: maskRecord(mask, detail.inputs), features: maskRecord(mask, detail.features) }
}
