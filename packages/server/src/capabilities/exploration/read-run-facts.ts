import { hypothesisTag, ideaTag } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { configurationOf, seedsOf, type RunTable } from '../tracking/index.ts'

/** What explains a run: what it was made with, and what came of it. */
export interface RunFacts {
  readonly run: RunTable
  readonly params: ReadonlyMap<string, string>
  /** Digest by name of the dataset. */
  readonly inputs: ReadonlyMap<string, string>
  /** Commit, code, environment and idea. */
  readonly tags: ReadonlyMap<string, string>
  /** The last value of the metric that was asked for; null where it has none, or NaN. */
  readonly value: number | null
  /** Null while it runs, or where it never said when it began. */
  readonly tookMs: number | null
  /** The same for all repeats; undefined where the run has no parameters. */
  readonly configuration: string | undefined
  /** The same for repeats that add nothing; undefined where it was left to chance. */
  readonly seeds: string | undefined
}

/** The tag by which a run says which run it was built on. */
export const builtOnTag = 'trivium.builtOn'
export const commitTag = 'mlflow.source.git.commit'
export const environmentTag = 'trivium.environment'

const runsAtOnce = 1000

/** The facts of runs, in their order. */
export async function readRunFacts(
  db: Reader,
  project: string,
  runs: readonly RunTable[],
  metric: string | undefined,
): Promise<RunFacts[]> {
  const found: RunFacts[] = []
  for (let start = 0; start < runs.length; start += runsAtOnce)
    found.push(...(await readSome(db, project, runs.slice(start, start + runsAtOnce), metric)))
  return found
}

async function readSome(
  db: Reader,
  project: string,
  runs: readonly RunTable[],
  metric: string | undefined,
): Promise<RunFacts[]> {
  const ids = runs.map((run) => run.id)
  const [params, inputs, tags, metrics] = await Promise.all([
    db
      .selectFrom('run_param')
      .select(['run_id', 'key', 'value'])
      .where('project_id', '=', project)
      .where('run_id', 'in', ids)
      .execute(),
    db
      .selectFrom('run_input')
      .select(['run_id', 'name as key', 'digest as value'])
      .where('project_id', '=', project)
      .where('run_id', 'in', ids)
      .execute(),
    db
      .selectFrom('run_tag')
      .select(['run_id', 'key', 'value'])
      .where('project_id', '=', project)
      .where('run_id', 'in', ids)
      .where('key', 'in', [commitTag, environmentTag, ideaTag, builtOnTag, hypothesisTag])
      .execute(),
    metric === undefined
      ? []
      : db
          .selectFrom('run_metric')
          .select(['run_id', 'last_value'])
          .where('project_id', '=', project)
          .where('run_id', 'in', ids)
          .where('key', '=', metric)
          .where('last_is_nan', '=', 0)
          .execute(),
  ])
  const [paramsOf, inputsOf, tagsOf] = [byRun(params), byRun(inputs), byRun(tags)]
  const values = new Map(metrics.map((row) => [row.run_id, row.last_value]))
  const none = new Map<string, string>()
  return runs.map((run) => {
    const own = {
      run,
      params: paramsOf.get(run.id) ?? none,
      inputs: inputsOf.get(run.id) ?? none,
      tags: tagsOf.get(run.id) ?? none,
    }
    const value = values.get(run.id) ?? null
    return {
      ...own,
      value: value !== null && Number.isFinite(value) ? value : null,
      tookMs: run.start_time === null || run.end_time === null ? null : Math.max(0, run.end_time - run.start_time),
      configuration: configurationOf(own),
      seeds: seedsOf(own),
    }
  })
}

function byRun(rows: readonly { run_id: string; key: string; value: string }[]): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>()
  for (const { run_id, key, value } of rows) {
    const own = found.get(run_id)
    if (own) own.set(key, value)
    else found.set(run_id, new Map([[key, value]]))
  }
  return found
}
