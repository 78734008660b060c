import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Trx } from '../../../kernel/db/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { traceErrors } from '../errors.ts'
import { requireActiveExperiment, type TraceDeps } from '../log-spans.ts'
import { parseTraceFilter } from '../trace-filter.ts'
import { checkScorer } from './check-scorer.ts'
import './tables.ts'

/** What the scorers of a project may come to: a list of them is read whole. */
const most = { versions: 10_000, bytes: 16 * 1024 * 1024 }

/** One version of a scorer. */
export interface ScorerVersion {
  readonly id: string
  readonly experiment: string
  readonly name: string
  readonly version: number
  readonly content: string
  readonly createdAt: number
}

/** What share of new traces a scorer should judge; programs of people read it, the server runs no scorer. */
export interface OnlineScoring {
  readonly id: string
  readonly scorer: string
  readonly experiment: string
  readonly sampleRate: number
  readonly filter: string | null
}

/** Scorers of experiments, each with its versions: clients register, read and run them. */
export interface Scorers {
  /** Throws where there is no such experiment, or where it is deleted. */
  requireExperiment(scope: Scope, experiment: string): Promise<void>
  register(scope: Scope, experiment: string, name: string, content: string): Promise<ScorerVersion>
  /** The newest version of each; of all active experiments without a list. */
  list(scope: Scope, experiments?: readonly string[]): Promise<ScorerVersion[]>
  /** Oldest first. Throws where there are none. */
  versions(scope: Scope, experiment: string, name: string): Promise<ScorerVersion[]>
  find(scope: Scope, experiment: string, name: string, version?: number): Promise<ScorerVersion>
  /** Removes a version, or the scorer with all of them. */
  remove(scope: Scope, experiment: string, name: string, version?: number): Promise<void>
  onlineScoring(scope: Scope, scorers: readonly string[]): Promise<OnlineScoring[]>
  setOnlineScoring(
    scope: Scope,
    experiment: string,
    name: string,
    to: { sampleRate: number; filter: string | null },
  ): Promise<OnlineScoring>
}

export function createScorers(deps: TraceDeps): Scorers {
  const { db, clock } = deps
  const active = (scope: Scope, experiment: string) => requireActiveExperiment(deps, scope, experiment)
  const rows = ({ project }: Scope) =>
    db.read
      .selectFrom('scorer as s')
      .innerJoin('scorer_version as v', (join) =>
        join.onRef('v.project_id', '=', 's.project_id').onRef('v.scorer_id', '=', 's.id'),
      )
      .select([
        's.id',
        's.experiment_id as experiment',
        's.name',
        'v.version',
        'v.content',
        'v.created_at as createdAt',
      ])
      .where('s.project_id', '=', project)
  const ofOne = (scope: Scope, experiment: string, name: string) =>
    rows(scope).where('s.experiment_id', '=', experiment).where('s.name', '=', name)

  return {
    requireExperiment: active,

    register: async (scope, experiment, name, content) => {
      checkScorer(name, content)
      await active(scope, experiment)
      const { project, principal } = scope
      return db.write.transaction().execute(async (trx) => {
        await requireRoom(trx, project, Buffer.byteLength(content))
        const id = randomUUID()
        await trx
          .insertInto('scorer')
          .values({
            project_id: project,
            experiment_id: experiment,
            name,
            id,
            online_id: null,
            sample_rate: null,
            filter: null,
          })
          .onConflict((c) => c.columns(['project_id', 'experiment_id', 'name']).doNothing())
          .execute()
        const scorer = await held(deps, trx, scope, experiment, name)
        const { last } = await trx
          .selectFrom('scorer_version')
          .select((e) => e.fn.max('version').as('last'))
          .where('project_id', '=', project)
          .where('scorer_id', '=', scorer.id)
          .executeTakeFirstOrThrow()
        const version = Number(last ?? 0) + 1
        const at = clock()
        await trx
          .insertInto('scorer_version')
          .values({
            project_id: project,
            scorer_id: scorer.id,
            version,
            content,
            created_at: at,
            created_by: principal.id,
          })
          .execute()
        return { id: scorer.id, experiment, name, version, content, createdAt: at }
      })
    },

    list: async (scope, experiments) => {
      if (experiments?.length === 0) return []
      let select = rows(scope).where((e) =>
        e(
          'v.version',
          '=',
          e
            .selectFrom('scorer_version as n')
            .select((m) => m.fn.max('n.version').as('version'))
            .whereRef('n.project_id', '=', 's.project_id')
            .whereRef('n.scorer_id', '=', 's.id'),
        ),
      )
      if (experiments) select = select.where('s.experiment_id', 'in', [...experiments])
      const found = await select.execute()
      const open = new Set<string>()
      for (const id of new Set(found.map((one) => one.experiment)))
        if ((await deps.requireExperiment(scope, id)).lifecycle === 'active') open.add(id)
      return found
        .filter((one) => open.has(one.experiment))
        .toSorted((a, b) => Number(a.experiment) - Number(b.experiment) || (a.name < b.name ? -1 : 1))
    },

    versions: async (scope, experiment, name) => {
      await active(scope, experiment)
      const found = await ofOne(scope, experiment, name).orderBy('v.version').execute()
      if (found.length === 0) throw traceErrors.SCORER_NOT_FOUND(name, experiment)
      return found
    },

    find: async (scope, experiment, name, version) => {
      await active(scope, experiment)
      const all = ofOne(scope, experiment, name)
      const found = await (version === undefined
        ? all.orderBy('v.version', 'desc').limit(1)
        : all.where('v.version', '=', version)
      ).executeTakeFirst()
      if (!found) throw traceErrors.SCORER_NOT_FOUND(name, experiment, version)
      return found
    },

    remove: async (scope, experiment, name, version) => {
      await active(scope, experiment)
      await db.write.transaction().execute(async (trx) => {
        const scorer = await held(deps, trx, scope, experiment, name)
        const all = trx
          .deleteFrom('scorer_version')
          .where('project_id', '=', scope.project)
          .where('scorer_id', '=', scorer.id)
        const gone = await (version === undefined ? all : all.where('version', '=', version)).executeTakeFirst()
        if (gone.numDeletedRows === 0n) throw traceErrors.SCORER_NOT_FOUND(name, experiment, version)
        if (version === undefined)
          await trx.deleteFrom('scorer').where('project_id', '=', scope.project).where('id', '=', scorer.id).execute()
      })
    },

    onlineScoring: async (scope, scorers) => {
      if (scorers.length === 0) return []
      const found = await db.read
        .selectFrom('scorer')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('id', 'in', [...scorers])
        .where('online_id', 'is not', null)
        .execute()
      return found.map((row) => ({
        id: row.online_id ?? '',
        scorer: row.id,
        experiment: row.experiment_id,
        sampleRate: row.sample_rate ?? 0,
        filter: row.filter,
      }))
    },

    setOnlineScoring: async (scope, experiment, name, { sampleRate, filter }) => {
      if (!(sampleRate >= 0 && sampleRate <= 1))
        throw traceErrors.INVALID(`sample_rate must be between 0.0 and 1.0, got ${sampleRate}`)
      if (filter) parseTraceFilter(filter)
      await active(scope, experiment)
      return db.write.transaction().execute(async (trx) => {
        const scorer = await held(deps, trx, scope, experiment, name)
        // Automatic scoring is work of MLflow's gateway to models, which is not there: no scorer that is kept here names one of its models.
        if (sampleRate > 0) throw traceErrors.NO_ONLINE_SCORING(name)
        const id = randomUUID().replaceAll('-', '')
        await trx
          .updateTable('scorer')
          .set({ online_id: id, sample_rate: sampleRate, filter })
          .where('project_id', '=', scope.project)
          .where('id', '=', scorer.id)
          .execute()
        return { id, scorer: scorer.id, experiment, sampleRate, filter }
      })
    },
  }
}

/** Throws where a project would hold more versions, or more text in them, than a list may bring. */
async function requireRoom(trx: Trx, project: string, size: number): Promise<void> {
  const { count, bytes } = await trx
    .selectFrom('scorer_version')
    .select((e) => [e.fn.countAll<number>().as('count'), sql<number>`sum(octet_length(content))`.as('bytes')])
    .where('project_id', '=', project)
    .executeTakeFirstOrThrow()
  if (Number(count) >= most.versions || Number(bytes ?? 0) + size > most.bytes)
    throw traceErrors.INVALID(
      `The scorers of a project have at most ${most.versions} versions and ${most.bytes / 1024 / 1024} MiB. Delete some first.`,
    )
}

/** The scorer, which nobody else changes until the transaction ends. */
async function held(
  { db }: TraceDeps,
  trx: Trx,
  { project }: Scope,
  experiment: string,
  name: string,
): Promise<{ id: string }> {
  const select = trx
    .selectFrom('scorer')
    .select('id')
    .where('project_id', '=', project)
    .where('experiment_id', '=', experiment)
    .where('name', '=', name)
  const found = await (db.dialect === 'postgres' ? select.forUpdate() : select).executeTakeFirst()
  if (!found) throw traceErrors.SCORER_NOT_FOUND(name, experiment)
  return found
}

/** Scorers of an experiment that was removed for good go with it. */
export async function removeScorersOf(trx: Trx, project: string, experiment: string): Promise<void> {
  await trx
    .deleteFrom('scorer_version')
    .where('project_id', '=', project)
    .where((e) =>
      e(
        'scorer_id',
        'in',
        e.selectFrom('scorer').select('id').where('project_id', '=', project).where('experiment_id', '=', experiment),
      ),
    )
    .execute()
  await trx.deleteFrom('scorer').where('project_id', '=', project).where('experiment_id', '=', experiment).execute()
}
