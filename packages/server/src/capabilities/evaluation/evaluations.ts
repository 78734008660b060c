import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  Evaluation,
  EvaluationComparison,
  EvaluationMetricName,
  EvaluationSummary,
  EventRef,
} from '@trivium/contract'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import { asReader, type Reader } from '../../kernel/db/index.ts'
import { digestOf, newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Datasets } from '../datasets/index.ts'
import { maskOf } from '../access/index.ts'
import { maskEvaluation } from './mask-evaluation.ts'
import type { Lineage } from '../lineage/index.ts'
import { evaluationErrors } from './errors.ts'
import { type Evaluated, type EvaluateRequest, evaluate } from './evaluate.ts'
import { metricsOf } from './metric-words.ts'
import { comparisonOf, type EvaluationResult } from './result.ts'
import { runCompute } from './run-compute.ts'
import type { EvaluationTable } from './tables.ts'
import { countReuse, reuseWarning } from './test-set-reuse.ts'
import { createTrainingFinder } from './training-range.ts'

/** Where an evaluation was asked for. */
export interface EvaluationOrigin {
  readonly pipelineRun: string | null
  readonly step: string | null
  readonly asOf: number
}

export interface Evaluations {
  /** Evaluates and records; the same models on the same rows with the same settings give the record that is there. Event `evaluation.finished`. */
  evaluate(scope: Scope, request: EvaluateRequest, origin: EvaluationOrigin): Promise<Evaluation>
  get(scope: Scope, id: string): Promise<Evaluation>
  list(
    scope: Scope,
    page: { limit: number; before?: string; dataset?: string; model?: string },
  ): Promise<{ evaluations: EvaluationSummary[]; nextPageToken: string | null }>
  /** Row by row, whenever both were computed; throws EVALUATION.DIFFERENT_ROWS. */
  compare(
    scope: Scope,
    id: string,
    other: string,
    by: { metric?: EvaluationMetricName; margin: number },
  ): Promise<EvaluationComparison>
}

export function createEvaluations(
  kernel: Pick<Kernel, 'db' | 'clock' | 'events' | 'blobs' | 'tables' | 'scorer' | 'paths'>,
  { datasets, lineage }: { datasets: Datasets; lineage: Lineage },
): Evaluations {
  const { db, clock, events, blobs, tables, paths } = kernel
  const deps = { ...kernel, datasets, training: createTrainingFinder({ db, datasets, lineage }) }

  const require = async (scope: Scope, id: string): Promise<EvaluationTable> => {
    const row = await db.read
      .selectFrom('evaluation')
      .selectAll()
      .where('project_id', '=', scope.project)
      .where('id', '=', id)
      .executeTakeFirst()
    if (!row) throw evaluationErrors.NOT_FOUND(id)
    return row
  }
  const presentOne = async (row: EvaluationTable): Promise<Evaluation> => {
    const [found] = await present(db.read, [row])
    if (!found) throw evaluationErrors.NOT_FOUND(row.id)
    return found
  }

  const record = async (
    scope: Scope,
    { result, rowsDigest, scores }: Evaluated,
    origin: EvaluationOrigin,
  ): Promise<EvaluationTable> => {
    const row: EvaluationTable = {
      project_id: scope.project,
      id: newId('evl'),
      digest: digestOf(result),
      dataset: result.dataset.name,
      dataset_version: result.dataset.version,
      rows_digest: rowsDigest,
      scores_digest: scores.digest,
      model_digest: result.model.digest,
      trained_on: result.model.trainedOn,
      result: JSON.stringify(result),
      pipeline_run: origin.pipelineRun,
      step: origin.step,
      as_of: origin.asOf,
      created_at: clock(),
      created_by: scope.principal.onBehalfOf ?? scope.principal.id,
    }
    const subject = urn(scope.project, 'evaluation', row.id)
    return db.write.transaction().execute(async (trx) => {
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto('evaluation')
        .values(row)
        .onConflict((c) => c.columns(['project_id', 'digest']).doNothing())
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows !== 1n)
        return asReader(trx)
          .selectFrom('evaluation')
          .selectAll()
          .where('project_id', '=', scope.project)
          .where('digest', '=', row.digest)
          .executeTakeFirstOrThrow()
      const models = [
        ...namesOf(result.model).map((model) => ({ model, role: 'candidate' as const })),
        ...(result.champion ? namesOf(result.champion).map((model) => ({ model, role: 'champion' as const })) : []),
      ]
      await trx
        .insertInto('evaluation_model')
        .values(models.map((one) => ({ ...one, project_id: scope.project, evaluation_id: row.id })))
        .execute()
      await addBlobRef(trx, {
        project: scope.project,
        digest: scores.digest,
        owner: subject,
        size: scores.size,
        at: row.created_at,
      })
      await events.append(trx, {
        project: scope.project,
        name: 'evaluation.finished',
        schema: 1,
        by: scope.principal.id,
        subject,
        refs: refsOf(result, origin),
        eventTime: origin.asOf,
        data: {
          digest: row.digest,
          rows: result.rows,
          metrics: Object.fromEntries(result.metrics.map(({ metric, value }) => [metric, value])),
          verdict: result.comparison?.verdict ?? null,
        },
      })
      return row
    })
  }

  return {
    evaluate: async (scope, request, origin) =>
      presentOne(await record(scope, await evaluate(deps, scope, request), origin)),
    get: async (scope, id) => maskEvaluation(await maskOf(db.read, scope), await presentOne(await require(scope, id))),
    list: async (scope, { limit, before, dataset, model }) => {
      let query = db.read
        .selectFrom('evaluation')
        .selectAll('evaluation')
        .where('evaluation.project_id', '=', scope.project)
        .orderBy('evaluation.id', 'desc')
        .limit(limit + 1)
      if (before !== undefined) query = query.where('evaluation.id', '<', before)
      if (dataset !== undefined) query = query.where('evaluation.dataset', '=', dataset)
      if (model !== undefined)
        query = query.where('evaluation.id', 'in', (q) =>
          q
            .selectFrom('evaluation_model')
            .select('evaluation_id')
            .where('project_id', '=', scope.project)
            .where('model', '=', model),
        )
      const rows = await query.execute()
      const found = await present(db.read, rows.slice(0, limit))
      return {
        evaluations: found.map(
          ({ slices: _slices, calibration: _bins, championCalibration: _more, ...summary }) => summary,
        ),
        nextPageToken: rows.length > limit ? (found.at(-1)?.id ?? null) : null,
      }
    },
    compare: async (scope, id, other, { metric, margin }) => {
      const [one, two] = [await require(scope, id), await require(scope, other)]
      if (one.rows_digest !== two.rows_digest) throw evaluationErrors.DIFFERENT_ROWS(id, other)
      const [mine, theirs] = [one, two].map((row) => JSON.parse(row.result) as EvaluationResult) as [
        EvaluationResult,
        EvaluationResult,
      ]
      const by = metric ?? mine.comparison?.metric ?? mine.metrics[0]?.metric ?? 'log-loss'
      if (!metricsOf(mine.task).includes(by)) throw evaluationErrors.DIFFERENT_TASKS(by, mine.task)
      const path = join(paths.tmp, `comparison-${randomUUID()}.csv`)
      try {
        const relation = async (digest: string) => ({
          format: 'parquet' as const,
          files: [await blobs.localPath(scope.project, digest)],
        })
        await tables.write({
          sql: 'select one.day, one.label, one.score, two.score as champion_score from one positional join two',
          relations: { one: await relation(one.scores_digest), two: await relation(two.scores_digest) },
          trusted: true,
          output: { path, format: 'csv' },
        })
        const shared = mine.metrics.map((found) => found.metric).filter((name) => name !== by)
        const task = {
          task: mine.task,
          metrics: [by, ...shared],
          compare: { metric: by, margin },
          threshold: 0.5,
          slices: [],
        }
        const comparison = comparisonOf(await runCompute({ path, champion: true, task }), task, theirs.model.name)
        if (!comparison) throw evaluationErrors.DIFFERENT_ROWS(id, other)
        return comparison
      } finally {
        await rm(path, { force: true })
      }
    },
  }
}

const namesOf = (model: EvaluationResult['model']): string[] => [
  model.digest,
  ...(model.urn === null ? [] : [model.urn]),
]

function refsOf({ dataset, model, champion }: EvaluationResult, { pipelineRun }: EvaluationOrigin): EventRef[] {
  return [
    { rel: 'input', urn: dataset.urn, as: 'evaluated-on' },
    ...(model.urn === null ? [] : [{ rel: 'input' as const, urn: model.urn, as: 'evaluates' }]),
    ...(champion?.urn ? [{ rel: 'input' as const, urn: champion.urn, as: 'compared-with' }] : []),
    ...(pipelineRun === null ? [] : [{ rel: 'input' as const, urn: pipelineRun, as: 'made-by' }]),
  ]
}

async function present(db: Reader, rows: readonly EvaluationTable[]): Promise<Evaluation[]> {
  const authors = [...new Set(rows.map((row) => row.created_by))]
  const names = new Map(
    (authors.length === 0
      ? []
      : await db.selectFrom('principal').select(['id', 'name']).where('id', 'in', authors).execute()
    ).map((p) => [p.id, p.name]),
  )
  const reuse = await countReuse(db, rows)
  return rows.map((row) => {
    const result = JSON.parse(row.result) as EvaluationResult
    const models = reuse.get(row.id) ?? 1
    return {
      ...result,
      testSetReuse: { models, warning: reuseWarning(models, result.metrics) },
      id: row.id,
      urn: urn(row.project_id, 'evaluation', row.id),
      digest: row.digest,
      pipelineRun: row.pipeline_run,
      step: row.step,
      asOf: row.as_of,
      createdAt: row.created_at,
      createdBy: row.created_by,
      createdByName: names.get(row.created_by) ?? row.created_by,
    }
  })
}
