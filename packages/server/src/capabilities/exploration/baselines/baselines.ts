import { createHash } from 'node:crypto'
import { type addBaseline as addRoute, type Baseline, baselineTag, type BodyOf } from '@trivium/contract'
import type { Trx } from '../../../kernel/db/index.ts'
import { newId, urn } from '../../../kernel/ids/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { explorationErrors } from '../errors.ts'
import type { IdeaDeps } from '../ideas.ts'
import type { BaselineContent, BaselineTable } from '../tables.ts'
import '../tables.ts'
import { baselineOf, readBaselines, reproducingRuns } from './read-baselines.ts'

export type NewBaseline = BodyOf<typeof addRoute>

/** Baselines of one experiment; more are refused. */
const mostBaselines = 100

/** Stores a published result; event `baseline.added`. */
export async function addBaseline(
  deps: IdeaDeps,
  scope: Scope,
  experiment: string,
  input: NewBaseline,
): Promise<Baseline> {
  const { db, clock } = deps
  const { project, principal } = scope
  await deps.tracking.requireExperiment(scope, experiment)
  const { name, ...content } = await checked(deps, scope, input)
  const record = createHash('sha256')
    .update(JSON.stringify([name, sorted(content)]))
    .digest('hex')
  const row: BaselineTable = {
    project_id: project,
    id: newId('bsl'),
    experiment_id: experiment,
    name,
    content: JSON.stringify(content),
    record_digest: record,
    created_at: clock(),
    created_by: principal.onBehalfOf ?? principal.id,
    created_by_name: principal.name,
    retired_at: null,
    retired_by: null,
    retired_reason: null,
  }
  await db.write.transaction().execute(async (trx) => {
    const own = await trx
      .selectFrom('baseline')
      .select(['id', 'record_digest', 'retired_at'])
      .where('project_id', '=', project)
      .where('experiment_id', '=', experiment)
      .execute()
    if (own.length >= mostBaselines) throw explorationErrors.TOO_MANY_BASELINES(mostBaselines)
    const same = own.find((one) => one.record_digest === record && one.retired_at === null)
    if (same) throw explorationErrors.SAME_BASELINE(same.id)
    await trx.insertInto('baseline').values(row).execute()
    await append(deps, trx, scope, 'baseline.added', row)
  })
  return baselineOf(row, 0)
}

/** Retires a baseline, or takes it back; event `baseline.retired`. */
export async function retireBaseline(
  deps: IdeaDeps,
  scope: Scope,
  id: string,
  { retired, reason }: { retired: boolean; reason: string },
): Promise<Baseline> {
  const { db, clock } = deps
  const { project, principal } = scope
  if (retired && reason.trim() === '') throw explorationErrors.NEEDS('a reason', 'Retiring a baseline')
  await db.write.transaction().execute(async (trx) => {
    const select = trx.selectFrom('baseline').selectAll().where('project_id', '=', project).where('id', '=', id)
    const before = await (db.dialect === 'postgres' ? select.forUpdate() : select).executeTakeFirst()
    if (!before) throw explorationErrors.BASELINE_NOT_FOUND(id)
    if ((before.retired_at !== null) === retired) return
    const row: BaselineTable = {
      ...before,
      retired_at: retired ? clock() : null,
      retired_by: retired ? (principal.onBehalfOf ?? principal.id) : null,
      retired_reason: retired ? reason.trim() : null,
    }
    await trx.updateTable('baseline').set(row).where('project_id', '=', project).where('id', '=', id).execute()
    await append(deps, trx, scope, 'baseline.retired', row)
  })
  return requireBaseline(deps, scope, id)
}

/** Sets or removes the tag of a baseline on runs. */
export async function linkReproductions(
  deps: IdeaDeps,
  scope: Scope,
  id: string,
  { runs, linked }: { runs: readonly string[]; linked: boolean },
): Promise<Baseline> {
  const { db, tracking } = deps
  await requireBaseline(deps, scope, id)
  for (const run of runs) await tracking.requireRun(scope, run)
  const own = new Set((await reproducingRuns(db.read, scope.project, [id])).map((run) => run.id))
  for (const run of runs) {
    const tags = [{ key: baselineTag, value: id }]
    if (linked) await tracking.logBatch(scope, run, { metrics: [], params: [], tags })
    else if (own.has(run)) await tracking.deleteRunTag(scope, run, baselineTag)
  }
  return requireBaseline(deps, scope, id)
}

async function requireBaseline({ db }: IdeaDeps, { project }: Scope, id: string): Promise<Baseline> {
  const [found] = await readBaselines(db.read, project, { id })
  if (!found) throw explorationErrors.BASELINE_NOT_FOUND(id)
  return found
}

/** What is stored of what was sent; throws where it contradicts itself or names a version that is not here. */
async function checked({ db }: IdeaDeps, { project }: Scope, input: NewBaseline): Promise<NewBaseline> {
  const { dataset, spread, value } = input
  const bad = explorationErrors.BAD_BASELINE
  for (const [what, said] of Object.entries({
    name: input.name,
    task: input.task,
    protocol: input.protocol,
    definition: input.definition,
  }))
    if (said.trim() === '') throw bad(`A baseline needs a ${what}; it is empty.`)
  if (input.source.url !== '' && !/^https?:\/\/[^\s]+$/i.test(input.source.url))
    throw bad(
      `The address of the source must begin with http:// or https://; it is "${input.source.url.slice(0, 100)}".`,
    )
  if (spread.kind === 'interval' || spread.kind === 'range') {
    if (spread.low > spread.high)
      throw bad(`The spread begins at ${spread.low} and ends at ${spread.high}. Turn them round.`)
    if (value < spread.low || value > spread.high)
      throw bad(`The value ${value} lies outside of its own spread, ${spread.low} to ${spread.high}.`)
  }
  let { digest } = dataset
  if (dataset.version === null) {
    if (digest.trim() === '')
      throw bad(
        `"${dataset.name}" needs a digest, as runs log it, or the version of ours that it is: else no run can be compared.`,
      )
  } else {
    const row = await db.read
      .selectFrom('dataset_version')
      .select('digest')
      .where('project_id', '=', project)
      .where('dataset', '=', dataset.name)
      .where('version', '=', dataset.version)
      .executeTakeFirst()
    if (!row) throw bad(`There is no dataset version ${dataset.name}@${dataset.version} in this project.`)
    if (digest !== '' && digest !== row.digest)
      throw bad(
        `${dataset.name}@${dataset.version} has the digest ${row.digest}, not "${digest}". Leave the digest out.`,
      )
    digest = row.digest
  }
  return { ...input, name: input.name.trim(), dataset: { ...dataset, digest: digest.trim() } }
}

/** With its keys in order, so that the same record has the same digest however it was written. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

async function append(
  { events }: IdeaDeps,
  trx: Trx,
  { project, principal }: Scope,
  name: 'baseline.added' | 'baseline.retired',
  row: BaselineTable,
): Promise<void> {
  const content = JSON.parse(row.content) as BaselineContent
  const { name: dataset, version } = content.dataset
  await events.append(trx, {
    project,
    name,
    schema: 1,
    by: principal.id,
    subject: urn(project, 'baseline', row.id),
    refs: [
      { rel: 'about', urn: urn(project, 'experiment', row.experiment_id), as: 'baseline-for' },
      ...(version === null
        ? []
        : [{ rel: 'input' as const, urn: urn(project, 'dataset', dataset, version), as: 'measured-on' }]),
    ],
    data: {
      experiment: row.experiment_id,
      record: row.record_digest,
      metric: content.metric,
      retired: row.retired_at !== null,
      fact: `${content.metric} ${content.value}`,
    },
  })
}
