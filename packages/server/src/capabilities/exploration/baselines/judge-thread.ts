import { type Baseline, baselineTag, metricDefinitionTag } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { parseUrn } from '../../../kernel/ids/index.ts'
import { findRepeats, readRuns, runDatasets } from '../../tracking/index.ts'
import { type OwnProtocol, comparabilityOf } from './comparability.ts'
import { type BaselineContest, judgeBaselines } from './judge-baselines.ts'
import { readBaselines, reproducingRuns } from './read-baselines.ts'

const mostReproductions = 20

export interface JudgeInput {
  readonly project: string
  /** Against the baselines of their experiments, and those that they say they reproduce. */
  readonly runs: readonly string[]
}

/** Runs beside the baselines of their experiments as finished JSON. Runs on a reader thread, because repeats are looked for among all runs of an experiment. */
export async function judgementBytes(db: Reader, { project, runs }: JudgeInput): Promise<string> {
  const read = await readRuns(db, project, [...new Set(runs)])
  const experiments = [...new Set(read.map(({ run }) => run.experiment_id))]
  const own = await readBaselines(db, project, { experiments, retired: false })
  const others: Baseline[] = []
  for (const id of new Set(read.flatMap(({ tags }) => tags.get(baselineTag) ?? [])))
    if (!own.some((one) => one.id === id)) others.push(...(await readBaselines(db, project, { id })))
  const baselines = [...own, ...others]
  const judged = await judge(db, project, read, (run) =>
    baselines.filter(
      (one) =>
        one.id === run.tags.get(baselineTag) || (one.experiment === run.run.experiment_id && one.retiredAt === null),
    ),
  )
  return JSON.stringify({ baselines, ...judged })
}

/** A baseline and the newest runs that reproduce it as finished JSON; `null` where there is no such baseline. */
export async function baselineBytes(db: Reader, { project, id }: { project: string; id: string }): Promise<string> {
  const [baseline] = await readBaselines(db, project, { id })
  if (!baseline) return 'null'
  const runs = (await reproducingRuns(db, project, [id])).slice(0, mostReproductions).map((run) => run.id)
  const experiment = await db
    .selectFrom('experiment')
    .select('name')
    .where('project_id', '=', project)
    .where('id', '=', baseline.experiment)
    .executeTakeFirst()
  const read = runs.length === 0 ? [] : await readRuns(db, project, runs)
  const judged = await judge(db, project, read, () => [baseline])
  return JSON.stringify({ baseline, experimentName: experiment?.name ?? baseline.experiment, ...judged })
}

type ReadRun = Awaited<ReturnType<typeof readRuns>>[number]

async function judge(
  db: Reader,
  project: string,
  runs: readonly ReadRun[],
  baselinesOf: (run: ReadRun) => readonly Baseline[],
) {
  const known = new Map(runs.map((one) => [one.run.id, one]))
  const read = async (ids: readonly string[]): Promise<ReadRun[]> => {
    const unknown = ids.filter((id) => !known.has(id))
    if (unknown.length > 0) for (const one of await readRuns(db, project, unknown)) known.set(one.run.id, one)
    return ids.flatMap((id) => known.get(id) ?? [])
  }
  const protocols = await ownProtocols(db, project, runs)
  const contests: BaselineContest[] = []
  for (const run of runs) {
    const baselines = baselinesOf(run)
    if (baselines.length === 0) continue
    const repeats = await findRepeats(db, project, run, read)
    for (const baseline of baselines) {
      const key = baseline.metric
      contests.push({
        run: run.run.id,
        baseline,
        comparability: comparabilityOf(baseline, protocols(run, key)),
        own: run.metrics.get(key)?.last ?? null,
        values: repeats.flatMap((id) => known.get(id)?.metrics.get(key)?.last ?? []),
        reproduces: run.tags.get(baselineTag) === baseline.id,
        params: run.params,
      })
    }
  }
  return { runs: runs.map(({ run }) => ({ id: run.id, name: run.name })), ...judgeBaselines(contests) }
}

/** What runs record of what they were measured on, and how a metric is computed. */
async function ownProtocols(
  db: Reader,
  project: string,
  runs: readonly ReadRun[],
): Promise<(run: ReadRun, metric: string) => OwnProtocol> {
  if (runs.length === 0) return () => ({ inputs: [], definition: null })
  const inputs = await runDatasets(
    db,
    project,
    runs.map(({ run }) => run.id),
  )
  const versions = new Map<string, string>()
  for (const urn of new Set(inputs.flatMap((one) => one.urn ?? []))) {
    const { id = '', version = '' } = parseUrn(urn) ?? {}
    const row = await db
      .selectFrom('dataset_version')
      .select('digest')
      .where('project_id', '=', project)
      .where('dataset', '=', id)
      .where('version', '=', Number(version) || 0)
      .executeTakeFirst()
    if (row) versions.set(urn, row.digest)
  }
  const tags = await db
    .selectFrom('experiment_tag')
    .selectAll()
    .where('project_id', '=', project)
    .where('experiment_id', 'in', [...new Set(runs.map(({ run }) => run.experiment_id))])
    .execute()
  return ({ run, tags: own }, metric) => {
    const key = `${metricDefinitionTag}${metric}`
    const general = tags.find((tag) => tag.experiment_id === run.experiment_id && tag.key === key)?.value
    return {
      inputs: inputs
        .filter((one) => one.run_id === run.id)
        .map(({ name, digest, context, urn }) => ({
          name,
          digest,
          context,
          version: urn === null ? null : (versions.get(urn) ?? null),
        })),
      definition: own.get(key) ?? general ?? null,
    }
  }
}
