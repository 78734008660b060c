import type { PredictionDetail } from '@trivium/contract'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { LabelRow } from './label-table.ts'
import { presentLabels, presentPrediction, recordsOf, valuesOf } from './present-rows.ts'
import { labelRelation, predictionRelation } from './read-relations.ts'
import { resolveLabels } from './resolve-labels.ts'

/** Reads one prediction with all that is known about it at `asOf`; undefined when there is none with this id. */
export async function getPrediction(
  deps: Pick<Kernel, 'db' | 'blobs' | 'tables'>,
  { project, deployment, asOf }: { project: string; deployment: string; asOf: number },
  id: string,
): Promise<PredictionDetail | undefined> {
  const copies = await deps.tables.query({
    sql: 'select * from predictions where id = $1 order by "at", event_time, release limit 1000',
    params: [id],
    relations: { predictions: await predictionRelation(deps, project, deployment) },
    trusted: true,
  })
  const [record] = recordsOf(copies)
  if (!record) return undefined
  const labels = await deps.tables.query({
    sql: 'select * from labels where prediction_id = $1 limit 1000',
    params: [id],
    relations: { labels: await labelRelation(deps, project, deployment) },
    trusted: true,
  })
  const history = resolveLabels(recordsOf(labels) as unknown as LabelRow[], asOf)
  const now = history.at(-1)
  const row = presentPrediction(project, deployment, {
    ...record,
    label_kind: now?.kind ?? null,
    label_number: now?.number,
    label_text: now?.text,
    label_time: now?.event_time,
  })
  return {
    ...row,
    deployment,
    releaseUrn: urn(project, 'release', row.release),
    modelUrn: urn(project, 'model', row.model, row.version),
    at: Number(record['at']),
    latencyMicros: Number(record['latency_us']),
    request: String(record['request']),
    inputs: valuesOf(record, 'input.'),
    features: valuesOf(record, 'feature.'),
    copies: copies.rows.length,
    labels: presentLabels(history),
  }
}
