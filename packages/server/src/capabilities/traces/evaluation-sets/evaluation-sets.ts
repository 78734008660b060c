import { createHash, randomBytes } from 'node:crypto'
import type { Trx } from '../../../kernel/db/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { traceErrors } from '../errors.ts'
import { readRecords, widenSchema } from './read-record.ts'
import { pageOfRecords, profileOf, putRecords, type RecordPage, userTag } from './records.ts'
import { type EvaluationSetQuery, searchSets } from './search-sets.ts'
import type { EvaluationSetRecordTable, EvaluationSetTable } from './tables.ts'

/** An evaluation dataset with its tags. */
export interface EvaluationSet {
  readonly row: EvaluationSetTable
  readonly tags: Readonly<Record<string, string>>
}

/** Evaluation datasets of MLflow: records of inputs with what is expected of them, told apart by their inputs. */
export interface EvaluationSets {
  create(
    scope: Scope,
    input: { name: string; tags: Record<string, string>; experiments: readonly string[] },
  ): Promise<EvaluationSet>
  require(scope: Scope, id: string): Promise<EvaluationSet>
  search(scope: Scope, query: EvaluationSetQuery): Promise<{ sets: EvaluationSet[]; more: boolean }>
  /** Nothing where there is none. */
  remove(scope: Scope, id: string): Promise<void>
  setTags(scope: Scope, id: string, tags: Readonly<Record<string, string>>): Promise<EvaluationSet>
  removeTag(scope: Scope, id: string, key: string): Promise<EvaluationSet | undefined>
  experiments(scope: Scope, id: string): Promise<string[]>
  join(scope: Scope, id: string, experiments: readonly string[], to: 'add' | 'remove'): Promise<EvaluationSet>
  /** Stores records, all or none; one with the inputs of a known record is merged into it. */
  upsert(scope: Scope, id: string, records: unknown): Promise<{ inserted: number; updated: number }>
  /** A page of records in the order in which they came, masked; `after` is the last one of the page before. */
  records(scope: Scope, id: string, page: RecordPage): Promise<{ records: EvaluationSetRecordTable[]; more: boolean }>
  removeRecords(scope: Scope, id: string, records: readonly string[]): Promise<number>
}

/** No request brings more records. */
export const mostRecords = 10_000
/** So many go into one statement. */
const chunk = 200

type Deps = Pick<Kernel, 'db' | 'clock'> & {
  readonly requireExperiment: (scope: Scope, id: string) => Promise<unknown>
}

export function createEvaluationSets({ db, clock, requireExperiment }: Deps): EvaluationSets {
  const withTags = async (project: string, rows: readonly EvaluationSetTable[]): Promise<EvaluationSet[]> => {
    if (rows.length === 0) return []
    const ids = rows.map(({ id }) => id)
    const tags = await db.read
      .selectFrom('evaluation_set_tag')
      .selectAll()
      .where('project_id', '=', project)
      .where('set_id', 'in', ids)
      .orderBy('key')
      .execute()
    return rows.map((row) => ({
      row: { ...row, created_at: Number(row.created_at), updated_at: Number(row.updated_at) },
      tags: Object.fromEntries(tags.filter((one) => one.set_id === row.id).map(({ key, value }) => [key, value])),
    }))
  }
  const find = async ({ project }: Scope, id: string): Promise<EvaluationSet | undefined> =>
    (
      await withTags(
        project,
        await db.read
          .selectFrom('evaluation_set')
          .selectAll()
          .where('project_id', '=', project)
          .where('id', '=', id)
          .execute(),
      )
    )[0]
  const one = async (scope: Scope, id: string): Promise<EvaluationSet> => {
    const found = await find(scope, id)
    if (!found) throw traceErrors.SET_NOT_FOUND(id.slice(0, 100))
    return found
  }
  /** The row, held until the transaction ends, so that two writers of one set take turns. */
  const held = async (trx: Trx, { project }: Scope, id: string): Promise<EvaluationSetTable> => {
    const query = trx.selectFrom('evaluation_set').selectAll().where('project_id', '=', project).where('id', '=', id)
    const row = await (db.dialect === 'postgres' ? query.forUpdate() : query).executeTakeFirst()
    if (!row) throw traceErrors.SET_NOT_FOUND(id.slice(0, 100))
    return row
  }
  const change = (trx: Trx, { project }: Scope, id: string, set: Partial<EvaluationSetTable>) =>
    trx.updateTable('evaluation_set').set(set).where('project_id', '=', project).where('id', '=', id).execute()
  const putTags = async (
    trx: Trx,
    { project }: Scope,
    id: string,
    tags: Readonly<Record<string, string>>,
  ): Promise<void> => {
    for (const [key, value] of Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      await trx
        .insertInto('evaluation_set_tag')
        .values({ project_id: project, set_id: id, key, value })
        .onConflict((c) => c.columns(['project_id', 'set_id', 'key']).doUpdateSet({ value }))
        .execute()
  }
  const putExperiments = async (
    trx: Trx,
    { project }: Scope,
    id: string,
    experiments: readonly string[],
  ): Promise<void> => {
    for (const experiment of [...new Set(experiments)].toSorted())
      await trx
        .insertInto('evaluation_set_experiment')
        .values({ project_id: project, set_id: id, experiment_id: experiment })
        .onConflict((c) => c.doNothing())
        .execute()
  }

  return {
    create: async (scope, { name, tags, experiments }) => {
      for (const experiment of experiments) await requireExperiment(scope, experiment)
      const now = clock()
      const by = tags[userTag] ?? null
      const id = `d-${randomBytes(16).toString('hex')}`
      const row: EvaluationSetTable = {
        project_id: scope.project,
        id,
        name,
        digest: digestOf(name, now),
        schema: null,
        profile: null,
        created_at: now,
        updated_at: now,
        created_by: by,
        updated_by: by,
      }
      await db.write.transaction().execute(async (trx) => {
        await trx.insertInto('evaluation_set').values(row).execute()
        await putTags(trx, scope, id, tags)
        await putExperiments(trx, scope, id, experiments)
      })
      return { row, tags }
    },
    require: one,
    search: async (scope, query) => {
      const { rows, more } = await searchSets(db.read, db.dialect, scope.project, query)
      return { sets: await withTags(scope.project, rows), more }
    },
    remove: async ({ project }, id) => {
      await db.write.transaction().execute(async (trx) => {
        for (const table of ['evaluation_set_record', 'evaluation_set_tag', 'evaluation_set_experiment'] as const)
          await trx.deleteFrom(table).where('project_id', '=', project).where('set_id', '=', id).execute()
        await trx.deleteFrom('evaluation_set').where('project_id', '=', project).where('id', '=', id).execute()
      })
    },
    setTags: async (scope, id, tags) => {
      await db.write.transaction().execute(async (trx) => {
        await held(trx, scope, id)
        await putTags(trx, scope, id, tags)
      })
      return one(scope, id)
    },
    removeTag: async (scope, id, key) => {
      const { project } = scope
      await db.write
        .transaction()
        .execute((trx) =>
          trx
            .deleteFrom('evaluation_set_tag')
            .where('project_id', '=', project)
            .where('set_id', '=', id)
            .where('key', '=', key)
            .execute(),
        )
      return find(scope, id)
    },
    experiments: async (scope, id) => {
      await one(scope, id)
      const rows = await db.read
        .selectFrom('evaluation_set_experiment')
        .select('experiment_id')
        .where('project_id', '=', scope.project)
        .where('set_id', '=', id)
        .orderBy('experiment_id')
        .execute()
      return rows.map((row) => row.experiment_id)
    },
    join: async (scope, id, experiments, to) => {
      if (to === 'add') for (const experiment of experiments) await requireExperiment(scope, experiment)
      await db.write.transaction().execute(async (trx) => {
        await held(trx, scope, id)
        if (to === 'add') await putExperiments(trx, scope, id, experiments)
        else if (experiments.length > 0)
          await trx
            .deleteFrom('evaluation_set_experiment')
            .where('project_id', '=', scope.project)
            .where('set_id', '=', id)
            .where('experiment_id', 'in', experiments)
            .execute()
        await change(trx, scope, id, { updated_at: clock() })
      })
      return one(scope, id)
    },
    upsert: async (scope, id, value) => {
      const sent = readRecords(value, mostRecords)
      return db.write.transaction().execute(async (trx) => {
        const set = await held(trx, scope, id)
        const done = { inserted: 0, updated: 0 }
        for (let start = 0; start < sent.length; start += chunk) {
          const { inserted, updated } = await putRecords(trx, scope, id, sent.slice(start, start + chunk), clock())
          done.inserted += inserted
          done.updated += updated
        }
        const now = clock()
        const users = sent.flatMap(({ tags }) => (typeof tags?.[userTag] === 'string' ? [tags[userTag]] : []))
        await change(trx, scope, id, {
          digest: digestOf(set.name, now),
          schema: widenSchema(set.schema, sent),
          profile: await profileOf(trx, scope, id),
          updated_at: now,
          updated_by: users.at(-1) ?? null,
        })
        return done
      })
    },
    records: async (scope, id, page) => {
      await one(scope, id)
      return pageOfRecords(db.read, scope, id, page)
    },
    removeRecords: async (scope, id, records) =>
      db.write.transaction().execute(async (trx) => {
        await held(trx, scope, id)
        if (records.length === 0) return 0
        const gone = await trx
          .deleteFrom('evaluation_set_record')
          .where('project_id', '=', scope.project)
          .where('set_id', '=', id)
          .where('id', 'in', records.slice(0, mostRecords))
          .executeTakeFirst()
        if (gone.numDeletedRows > 0n) await change(trx, scope, id, { profile: await profileOf(trx, scope, id) })
        return Number(gone.numDeletedRows)
      }),
  }
}

const digestOf = (name: string, at: number): string =>
  createHash('sha256').update(`${name}:${at}`).digest('hex').slice(0, 8)
