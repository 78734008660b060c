import type { DatasetVersion } from '@trivium/contract'
import { isoTime } from '../../kernel/clock/index.ts'
import { AppError } from '../../kernel/errors/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Datasets } from '../datasets/index.ts'
import type { Lineage } from '../lineage/index.ts'
import { evaluationErrors } from './errors.ts'

/** What a model was trained on, as far as anybody said. */
export interface TrainingFinder {
  /** The dataset version behind a model: what the step says, else what an earlier evaluation of the same file recorded, else the graph (`trained-on`). */
  find(scope: Scope, model: { digest: string; urn?: string; stated?: string }): Promise<DatasetVersion | undefined>
}

export function createTrainingFinder({
  db,
  datasets,
  lineage,
}: Pick<Kernel, 'db'> & { datasets: Datasets; lineage: Lineage }): TrainingFinder {
  const recorded = async (scope: Scope, digest: string): Promise<string | undefined> => {
    const row = await db.read
      .selectFrom('evaluation')
      .select('trained_on')
      .where('project_id', '=', scope.project)
      .where('model_digest', '=', digest)
      .where('trained_on', 'is not', null)
      .orderBy('id', 'desc')
      .executeTakeFirst()
    return row?.trained_on ?? undefined
  }
  /** Two steps back: a version's run (or pipeline run) and what that was trained on. Further back lie other models. */
  const inGraph = async (scope: Scope, urn: string): Promise<string | undefined> => {
    try {
      const { edges } = await lineage.walk(scope, { urn, back: 2, forward: 0, limit: 200 })
      return edges.find(({ as, from }) => as === 'trained-on' && parseUrn(from)?.kind === 'dataset')?.from
    } catch (error) {
      if (error instanceof AppError && error.status === 404) return undefined
      throw error
    }
  }
  return {
    find: async (scope, { digest, urn, stated }) => {
      const found =
        stated ?? (await recorded(scope, digest)) ?? (urn === undefined ? undefined : await inGraph(scope, urn))
      const parts = found === undefined ? undefined : parseUrn(found)
      if (parts?.kind !== 'dataset' || parts.version === undefined) return undefined
      return (await datasets.version(scope, parts.id, Number(parts.version))).version
    },
  }
}

const day = (at: number): string => isoTime(at).slice(0, 16).replace('T', ' ')

/** Throws EVALUATION.TRAINED_ON_THESE_ROWS when the rows lie in the time that the training data cover. */
export function refuseOverlap(called: string, training: DatasetVersion, rows: { from: number; to: number }): void {
  const { minTime, maxTime } = training
  if (minTime === null || maxTime === null || rows.from > maxTime || rows.to < minTime) return
  throw evaluationErrors.TRAINED_ON_THESE_ROWS(
    called,
    `${training.name} v${training.version}`,
    `${day(minTime)} to ${day(maxTime)} UTC`,
    `${day(rows.from)} to ${day(rows.to)} UTC`,
  )
}
