import { AppError } from '../../kernel/errors/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { RunTable } from './tables.ts'
import type { Tracking } from './tracking.ts'

/** Starts a run in the experiment of a name, which is made if it is not there, with its first parameters. */
export async function startRun(
  tracking: Tracking,
  scope: Scope,
  input: {
    experiment: string
    name?: string
    parent?: string
    tags?: Readonly<Record<string, string>>
    params?: Readonly<Record<string, string>>
    inputs?: readonly { dataset: string; version: number; digest: string; context?: string }[]
    at: number
  },
): Promise<RunTable> {
  const { tags = {}, params = {}, inputs = [] } = input
  const { id: experiment } = await experimentNamed(tracking, scope, input.experiment)
  if (input.parent !== undefined) await tracking.requireRun(scope, input.parent)
  const user = tags['mlflow.user'] ?? scope.principal.name
  const run = await tracking.createRun(scope, {
    experiment,
    user,
    startTime: input.at,
    ...(input.name === undefined ? {} : { name: input.name }),
    tags: Object.entries({
      ...tags,
      'mlflow.user': user,
      ...(input.parent === undefined ? {} : { 'mlflow.parentRunId': input.parent }),
    }).map(([key, value]) => ({ key, value })),
  })
  const pairs = Object.entries(params).map(([key, value]) => ({ key, value }))
  if (pairs.length > 0) await tracking.logBatch(scope, run.id, { metrics: [], params: pairs, tags: [] })
  if (inputs.length > 0)
    await tracking.logInputs(scope, run.id, {
      models: [],
      datasets: inputs.map(({ dataset, version, digest, context }) => ({
        name: dataset,
        digest: digest.slice(0, 36),
        sourceType: 'trivium',
        source: urn(scope.project, 'dataset', dataset, version),
        tags: context === undefined ? [] : [{ key: 'mlflow.data.context', value: context }],
      })),
    })
  return run
}

/** Two who start at once make one experiment: whoever comes second finds it. */
async function experimentNamed(tracking: Tracking, scope: Scope, name: string): Promise<{ id: string }> {
  const find = () => tracking.requireExperimentByName(scope, name)
  try {
    return await find()
  } catch (error) {
    if (!hasCode(error, 'TRACKING.EXPERIMENT_NAME_NOT_FOUND')) throw error
  }
  try {
    return await tracking.createExperiment(scope, { name, tags: [] })
  } catch (error) {
    if (!hasCode(error, 'TRACKING.EXPERIMENT_EXISTS')) throw error
    return find()
  }
}

const hasCode = (error: unknown, code: string): boolean => error instanceof AppError && error.code === code
