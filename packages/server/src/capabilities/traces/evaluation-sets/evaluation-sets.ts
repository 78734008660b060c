import { createHash, randomBytes } from 'node:crypto'
import type { Trx } from '../../../kernel/db/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { maskOf } from '../../access/index.ts'
import { traceErrors } from '../errors.ts'
import { maskText } from '../mask-trace.ts'
import { readRecords, type SentRecord, widenSchema } from './read-record.ts'
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
  records(
    scope: Scope,
    id: string,
    page: { limit: number; after?: { at: number; id: string } },
  ): Promise<{ records: EvaluationSetRecordTable[]; more: boolean }>
  removeRecords(scope: Scope, id: string, records: readonly string[]): Promise<number>
}

/** No request brings more records. */
export const mostRecords = 10_000
/** So many go into one statement. */
const chunk = 200
const userTag = 'mlflow.user'

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
    records: async (scope, id, { limit, after }) => {
      await one(scope, id)
      let query = db.read
        .selectFrom('evaluation_set_record')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('set_id', '=', id)
      if (after)
        query = query.where((e) =>
          e.or([e('created_at', '>', after.at), e.and([e('created_at', '=', after.at), e('id', '>', after.id)])]),
        )
      const rows = await query
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit + 1)
        .execute()
      const mask = await maskOf(db.read, scope)
      const text = <T extends string | null>(value: T): T => (value === null ? value : (maskText(mask, value) as T))
      const records = rows.slice(0, limit).map((row) => ({
        ...row,
        created_at: Number(row.created_at),
        updated_at: Number(row.updated_at),
        inputs: text(row.inputs),
        outputs: text(row.outputs),
        expectations: text(row.expectations),
        tags: text(row.tags),
        source: text(row.source),
      }))
      return { records, more: rows.length > limit }
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

async function profileOf(trx: Trx, { project }: Scope, id: string): Promise<string | null> {
  const { n } = await trx
    .selectFrom('evaluation_set_record')
    .select((e) => e.fn.countAll().as('n'))
    .where('project_id', '=', project)
    .where('set_id', '=', id)
    .executeTakeFirstOrThrow()
  return Number(n) === 0 ? null : JSON.stringify({ num_records: Number(n) })
}

/** Inserts those with new inputs and merges the others into what is there, in their order. */
async function putRecords(
  trx: Trx,
  { project }: Scope,
  set: string,
  sent: readonly SentRecord[],
  now: number,
): Promise<{ inserted: number; updated: number }> {
  const hashes = [...new Set(sent.map(({ hash }) => hash))]
  const known = await trx
    .selectFrom('evaluation_set_record')
    .selectAll()
    .where('project_id', '=', project)
    .where('set_id', '=', set)
    .where('input_hash', 'in', hashes)
    .execute()
  const rows = new Map(known.map((row) => [row.input_hash, row]))
  const fresh = new Set<string>()
  let updated = 0
  for (const record of sent) {
    const before = rows.get(record.hash)
    if (before) updated += 1
    else fresh.add(record.hash)
    rows.set(record.hash, before ? merged(before, record, now) : inserted(project, set, record, now))
  }
  const added = [...rows].flatMap(([hash, row]) => (fresh.has(hash) ? [row] : []))
  if (added.length > 0) await trx.insertInto('evaluation_set_record').values(added).execute()
  for (const [hash, row] of rows) {
    if (fresh.has(hash)) continue
    await trx
      .updateTable('evaluation_set_record')
      .set({
        outputs: row.outputs,
        expectations: row.expectations,
        tags: row.tags,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
      })
      .where('project_id', '=', project)
      .where('set_id', '=', set)
      .where('id', '=', row.id)
      .execute()
  }
  return { inserted: fresh.size, updated }
}

const userOf = ({ tags }: SentRecord): string | null => (typeof tags?.[userTag] === 'string' ? tags[userTag] : null)
const jsonOf = (value: unknown): string | null => (value === undefined || value === null ? null : JSON.stringify(value))

function inserted(project: string, set: string, record: SentRecord, now: number): EvaluationSetRecordTable {
  const { source } = record
  const from = source?.data[source.type === 'TRACE' ? 'trace_id' : 'source_id']
  return {
    project_id: project,
    set_id: set,
    id: `dr-${randomBytes(16).toString('hex')}`,
    input_hash: record.hash,
    inputs: JSON.stringify(record.inputs),
    outputs: record.outputs === undefined ? '{}' : jsonOf(record.outputs),
    expectations: jsonOf(record.expectations),
    tags: jsonOf(record.tags),
    source: source ? JSON.stringify({ source_type: source.type, source_data: source.data }) : null,
    source_type: source?.type ?? 'UNSPECIFIED',
    source_id: typeof from === 'string' ? from.slice(0, 200) : null,
    created_at: now,
    updated_at: now,
    created_by: userOf(record),
    updated_by: userOf(record),
  }
}

function merged(row: EvaluationSetRecordTable, record: SentRecord, now: number): EvaluationSetRecordTable {
  const join = (before: string | null, more: object | undefined): string | null =>
    more === undefined ? before : JSON.stringify({ ...(JSON.parse(before ?? '{}') as object), ...more })
  return {
    ...row,
    outputs: record.outputs === undefined ? row.outputs : jsonOf(record.outputs),
    expectations: join(row.expectations, record.expectations),
    tags: join(row.tags, record.tags),
    updated_at: now,
    updated_by: userOf(record) ?? row.updated_by,
  }
}
