import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { LabelDay, LabelDelay, NewLabel, PredictionDetail, PredictionRow } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { type LedgerWriter, openLedgerWriter } from '../../kernel/ledger/index.ts'
import type { Relation, SubjectData, TableColumn, TableFormat } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { maskOf, sealingOf } from '../access/index.ts'
import { type PredictionRange } from './cohort-sql.ts'
import { createLedgerCommits } from './commit-ledgers.ts'
import { labelCompleteness, predictionTraffic, type TrafficBucket } from './count-predictions.ts'
import { outcomeErrors } from './errors.ts'
import { getPrediction } from './get-prediction.ts'
import { labelDelays } from './label-delays.ts'
import { labelRow, labelStream } from './label-table.ts'
import { listPredictions, type PredictionQuery } from './list-predictions.ts'
import { predictionStream } from './prediction-table.ts'
import { pushLabelFile } from './push-label-file.ts'
import { openLabels } from './seal-labels.ts'
import { predictionSubjects } from './subject-data.ts'
import { labelRelation, predictionLogColumns, predictionRelation, predictionTimes } from './read-relations.ts'
import { openPredictions, shownDetail, shownRow } from './shown-prediction.ts'

type Deps = Pick<
  Kernel,
  'db' | 'clock' | 'events' | 'watermark' | 'blobs' | 'tables' | 'paths' | 'logger' | 'replicas' | 'subjects'
> & {
  /** Whether a deployment exists that may have no predictions yet. Without it any name of a deployment may be sent labels. */
  deploymentExists?: (project: string, deployment: string) => Promise<boolean>
}

export interface Outcomes {
  list(
    scope: Scope,
    deployment: string,
    query: PredictionQuery & { asOf?: number },
  ): Promise<{ predictions: PredictionRow[]; nextPageToken: string | null; asOf: number }>
  get(scope: Scope, deployment: string, id: string, asOf?: number): Promise<PredictionDetail>
  /** Like `get`; undefined where there is none. */
  find(scope: Scope, deployment: string, id: string): Promise<PredictionDetail | undefined>
  /** Writes labels to the ledger; they survive kill -9 from then on, and are visible within a second. Returns how many. */
  pushLabels(scope: Scope, deployment: string, labels: readonly NewLabel[]): Promise<number>
  pushLabelFile(scope: Scope, deployment: string, body: Readable, format: TableFormat): Promise<number>
  completeness(
    scope: Scope,
    deployment: string,
    range: Partial<PredictionRange> & { asOf?: number },
  ): Promise<{
    asOf: number
    days: LabelDay[]
    predicted: number
    labelled: number
    delay: { medianMs: number; p95Ms: number } | null
  }>
  /** How long labels take, source by source. */
  delays(
    scope: Scope,
    deployment: string,
    range: Partial<PredictionRange> & { asOf?: number },
  ): Promise<{ asOf: number; predicted: number; sources: LabelDelay[] }>
  traffic(
    scope: Scope,
    deployment: string,
    range: Partial<PredictionRange>,
    by: 'hour' | 'day',
  ): Promise<{ predictions: number; newest: number | null; buckets: TrafficBucket[] }>
  /** Makes everything visible that was appended so far. */
  commit(project: string, deployment: string): Promise<void>
  /** Oldest and newest event time of the predictions, or undefined while there are none. */
  times(scope: Scope, deployment: string): Promise<{ oldest: number; newest: number } | undefined>
  /** The columns of the prediction log: `input.NAME`, `feature.NAME` and `output.NAME` beside the fixed ones. */
  columns(scope: Scope, deployment: string): Promise<TableColumn[]>
  /** The relations that `cohortSql` and `predictionsSql` read. */
  relations(
    scope: Scope,
    deployment: string,
    range: PredictionRange,
    asOf?: number,
  ): Promise<{ predictions: Relation; labels: Relation }>
  /** `relations` for what computes with labels and shows nobody's: sealed ones are opened in a file that lives as long as `use`, those of erased people are left out. */
  withLabels<Result>(
    scope: Scope,
    deployment: string,
    range: PredictionRange,
    asOf: number,
    use: (relations: { predictions: Relation; labels: Relation }) => Promise<Result>,
  ): Promise<Result>
  /** What the prediction log and its labels hold about a person. */
  readonly subjects: SubjectData
  close(): void
}

export function createOutcomes(deps: Deps): Outcomes {
  const { db, clock, watermark, paths } = deps
  const ledgers = createLedgerCommits(deps)
  const writers = new Map<string, LedgerWriter>()

  const asOfIn = async (scope: Scope, asOf: number | undefined): Promise<number> =>
    asOf ?? (await watermark.read(db.read, scope.project)).at

  const requireDeployment = async ({ project }: Scope, deployment: string): Promise<void> => {
    const stream = predictionStream(project, deployment).map(encodeURIComponent)
    if (existsSync(join(paths.ledgers, ...stream))) return
    if (await predictionTimes(deps, project, deployment)) return
    if (deps.deploymentExists === undefined || (await deps.deploymentExists(project, deployment))) return
    throw outcomeErrors.DEPLOYMENT_NOT_FOUND(deployment)
  }

  const writerOf = (project: string, deployment: string): LedgerWriter => {
    const key = `${project}/${deployment}`
    const known = writers.get(key)
    if (known) return known
    const made = openLedgerWriter({ root: paths.ledgers, stream: labelStream(project, deployment) })
    writers.set(key, made)
    return made
  }

  const commit: Outcomes['commit'] = async (project, deployment) => {
    await ledgers.commit('predictions', project, deployment)
    await ledgers.commit('labels', project, deployment)
  }

  const find = async (
    scope: Scope,
    deployment: string,
    id: string,
    asOf: number,
  ): Promise<PredictionDetail | undefined> => {
    const { project } = scope
    // Whoever has just sent it, or its label, sees it.
    await commit(project, deployment)
    const found = await getPrediction(deps, { project, deployment, asOf }, id)
    if (!found) return undefined
    const [shown] = await openPredictions(deps, scope, [shownDetail(scope, await maskOf(db.read, scope), found)])
    return shown
  }

  return {
    list: async (scope, deployment, { asOf, ...query }) => {
      await requireDeployment(scope, deployment)
      const at = await asOfIn(scope, asOf)
      const page = await listPredictions(deps, { project: scope.project, deployment, asOf: at }, query)
      const mask = await maskOf(db.read, scope)
      const shown = page.predictions.map((row) => shownRow(scope, mask, row))
      return { ...page, predictions: await openPredictions(deps, scope, shown), asOf: at }
    },
    get: async (scope, deployment, id, asOf) => {
      await requireDeployment(scope, deployment)
      const found = await find(scope, deployment, id, await asOfIn(scope, asOf))
      if (!found) throw outcomeErrors.PREDICTION_NOT_FOUND(deployment, id)
      return found
    },
    find: async (scope, deployment, id) => find(scope, deployment, id, await asOfIn(scope, undefined)),
    pushLabels: async (scope, deployment, labels) => {
      await requireDeployment(scope, deployment)
      const now = await asOfIn(scope, undefined)
      writerOf(scope.project, deployment).append(labels.map((label) => labelRow(label, clock(), now)))
      return labels.length
    },
    pushLabelFile: async (scope, deployment, body, format) => {
      await requireDeployment(scope, deployment)
      const defaultTime = await asOfIn(scope, undefined)
      return pushLabelFile(deps, { project: scope.project, deployment, defaultTime }, body, format)
    },
    completeness: async (scope, deployment, { asOf, ...range }) => {
      await requireDeployment(scope, deployment)
      const at = await asOfIn(scope, asOf)
      return { asOf: at, ...(await labelCompleteness(deps, { project: scope.project, deployment, asOf: at }, range)) }
    },
    delays: async (scope, deployment, { asOf, ...range }) => {
      await requireDeployment(scope, deployment)
      const at = await asOfIn(scope, asOf)
      return { asOf: at, ...(await labelDelays(deps, { project: scope.project, deployment, asOf: at }, range)) }
    },
    traffic: async (scope, deployment, range, by) => {
      await requireDeployment(scope, deployment)
      return predictionTraffic(deps, { project: scope.project, deployment }, range, by)
    },
    commit,
    times: ({ project }, deployment) => predictionTimes(deps, project, deployment),
    columns: async ({ project }, deployment) => {
      const columns = await predictionLogColumns(deps, project, deployment)
      const sealing = await sealingOf(
        db.read,
        project,
        columns.map(({ name }) => name),
      )
      return columns.filter(({ name }) => !sealing.has(name))
    },
    relations: async ({ project }, deployment, range, asOf) => ({
      predictions: await predictionRelation(deps, project, deployment, range),
      labels: await labelRelation(deps, project, deployment, asOf),
    }),
    withLabels: async ({ project }, deployment, range, asOf, use) => {
      const predictions = await predictionRelation(deps, project, deployment, range)
      const labels = await labelRelation(deps, project, deployment, asOf)
      const path = join(paths.tmp, `labels-${randomUUID()}.parquet`)
      try {
        return await use({ predictions, labels: (await openLabels(deps, project, labels, path)) ?? labels })
      } finally {
        await rm(path, { force: true })
      }
    },
    subjects: predictionSubjects(deps, async (project, deployment) => {
      await ledgers.flush(project, deployment)
      await ledgers.commit('labels', project, deployment)
    }),
    close: () => {
      ledgers.close()
      for (const writer of writers.values()) writer.close()
    },
  }
}
