import type { ImportedEvaluationRecord, ImportedEvaluationSet } from '@trivium/contract'
import type { Database } from '../../../kernel/db/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { Refusal } from '../../tracking/index.ts'
import { hashOfInputs } from './read-record.ts'
import type { EvaluationSetRecordTable, EvaluationSetTable } from './tables.ts'

const recordId = /^dr-[0-9a-f]{32}$/

/** Writes evaluation datasets of a source with their ids and times, without their records, which come after. `experiments` says where those of the source are here. */
export async function importEvaluationSets(
  db: Database,
  { project }: Scope,
  sets: readonly ImportedEvaluationSet[],
  experiments: ReadonlyMap<string, string>,
): Promise<Refusal[]> {
  const refused: Refusal[] = []
  for (const set of sets) {
    const row: EvaluationSetTable = {
      project_id: project,
      id: set.id,
      name: set.name,
      digest: set.digest,
      schema: set.schema,
      profile: set.profile,
      created_at: set.createdAt,
      updated_at: set.updatedAt,
      created_by: set.createdBy,
      updated_by: set.updatedBy,
    }
    const { project_id: _project, id: _id, ...told } = row
    const places = set.experiments.flatMap((one) => {
      const place = experiments.get(one)
      if (place === undefined)
        refused.push({ what: `evaluation dataset "${set.name}" in experiment ${one}`, why: 'that one was not sent' })
      return place ?? []
    })
    await db.write.transaction().execute(async (trx) => {
      await trx
        .insertInto('evaluation_set')
        .values(row)
        .onConflict((c) => c.columns(['project_id', 'id']).doUpdateSet(told))
        .execute()
      for (const table of ['evaluation_set_tag', 'evaluation_set_experiment', 'evaluation_set_record'] as const)
        await trx.deleteFrom(table).where('project_id', '=', project).where('set_id', '=', set.id).execute()
      const at = [project, set.id] as const
      await db.bulkInsert(
        trx,
        'evaluation_set_tag',
        ['project_id', 'set_id', 'key', 'value'],
        Object.entries(set.tags).map(([key, value]) => [...at, key, value]),
      )
      await db.bulkInsert(
        trx,
        'evaluation_set_experiment',
        ['project_id', 'set_id', 'experiment_id'],
        [...new Set(places)].map((place) => [...at, place]),
      )
    })
  }
  return refused
}

/** Writes records of evaluation datasets that are here; one that is here already is replaced. */
export async function importEvaluationRecords(
  db: Database,
  { project }: Scope,
  records: readonly ImportedEvaluationRecord[],
): Promise<Refusal[]> {
  if (records.length === 0) return []
  const refused: Refusal[] = []
  await db.write.transaction().execute(async (trx) => {
    const sets = await trx
      .selectFrom('evaluation_set')
      .select('id')
      .where('project_id', '=', project)
      .where('id', 'in', [...new Set(records.map(({ set }) => set))])
      .execute()
    for (const record of records) {
      const what = `record ${record.id} of evaluation dataset ${record.set}`
      const row = rowOf(project, record)
      const same = await trx
        .selectFrom('evaluation_set_record')
        .select('id')
        .where('project_id', '=', project)
        .where('set_id', '=', record.set)
        .where('input_hash', '=', row.input_hash)
        .where('id', '!=', record.id)
        .executeTakeFirst()
      if (!recordId.test(record.id)) refused.push({ what, why: 'its id is not "dr-" with 32 hex characters' })
      else if (!sets.some(({ id }) => id === record.set)) refused.push({ what, why: 'its dataset was not sent' })
      else if (same) refused.push({ what, why: `record ${same.id} has the same inputs` })
      else {
        const { project_id: _project, set_id: _set, id: _id, ...told } = row
        await trx
          .insertInto('evaluation_set_record')
          .values(row)
          .onConflict((c) => c.columns(['project_id', 'set_id', 'id']).doUpdateSet(told))
          .execute()
      }
    }
  })
  return refused
}

function rowOf(project: string, record: ImportedEvaluationRecord): EvaluationSetRecordTable {
  const { source } = record
  const text = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value))
  const from = source?.source_data[source.source_type === 'TRACE' ? 'trace_id' : 'source_id']
  return {
    project_id: project,
    set_id: record.set,
    id: record.id,
    input_hash: hashOfInputs(record.inputs),
    inputs: JSON.stringify(record.inputs),
    outputs: text(record.outputs),
    expectations: text(record.expectations),
    tags: text(record.tags),
    source: text(source),
    source_type: source?.source_type ?? 'UNSPECIFIED',
    source_id: typeof from === 'string' ? from.slice(0, 200) : null,
    created_at: record.createdAt,
    updated_at: record.updatedAt,
    created_by: record.createdBy,
    updated_by: record.updatedBy,
  }
}
