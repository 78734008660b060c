import { runDatasets, runFragments, type RunTable } from '../../capabilities/tracking/index.ts'
import { type Dialect, type FixedParts, fixedQuery, type Reader } from '../../kernel/db/index.ts'
import { runInfoShape, unlessEmpty } from './shapes.ts'

/** Runs with their metrics, parameters, tags, inputs and outputs, each as JSON text. */
export async function runListJson(
  db: Reader,
  dialect: Dialect,
  project: string,
  rows: readonly RunTable[],
): Promise<string[]> {
  const runs = rows.map((row) => row.id)
  const fragments = (of: 'metric' | 'param' | 'tag') => runFragments(db, dialect, { project, runs, of, form: 'list' })
  // At once: Postgres answers them side by side.
  const [metrics, params, tags, inputs, models] = await Promise.all([
    fragments('metric'),
    fragments('param'),
    fragments('tag'),
    inputsOf(db, project, runs),
    modelsOf(db, project, runs),
  ])
  const member = (name: string, text: string | undefined): string => (text === undefined ? '' : `"${name}":[${text}]`)
  return rows.map((row) => {
    const data = [
      member('metrics', metrics.get(row.id)),
      member('params', params.get(row.id)),
      member('tags', tags.get(row.id)),
    ]
      .filter(Boolean)
      .join(',')
    const input = { ...inputs.get(row.id), ...models.get(row.id)?.input }
    return `{"info":${JSON.stringify(runInfoShape(row))},"data":{${data}},"inputs":${JSON.stringify(input)},"outputs":${JSON.stringify(models.get(row.id)?.output ?? {})}}`
  })
}

const mostIds = 5000

async function inputsOf(
  db: Reader,
  project: string,
  runs: readonly string[],
): Promise<Map<string, { dataset_inputs: object[] }>> {
  const found = new Map<string, { dataset_inputs: object[] }>()
  for (const row of await runDatasets(db, project, runs)) {
    const own = found.get(row.run_id) ?? { dataset_inputs: [] }
    own.dataset_inputs.push({
      ...unlessEmpty('tags', JSON.parse(row.tags) as unknown[]),
      dataset: {
        name: row.name,
        digest: row.digest,
        source_type: row.source_type,
        source: row.source,
        ...(row.schema === null ? {} : { schema: row.schema }),
        ...(row.profile === null ? {} : { profile: row.profile }),
      },
    })
    found.set(row.run_id, own)
  }
  return found
}

const findModels = fixedQuery(
  ({ db, value, among }: FixedParts<{ project: string; runs: readonly string[] }>) =>
    db
      .selectFrom('run_model')
      .select(['run_id', 'direction', 'model_id', 'step'])
      .where('project_id', '=', value('project'))
      .where(among('run_id', 'runs'))
      .orderBy('step'),
  { prepared: true },
)

async function modelsOf(
  db: Reader,
  project: string,
  runs: readonly string[],
): Promise<Map<string, { input?: { model_inputs: object[] }; output?: { model_outputs: object[] } }>> {
  const found = new Map<string, { input?: { model_inputs: object[] }; output?: { model_outputs: object[] } }>()
  for (let start = 0; start < runs.length; start += mostIds) {
    const rows = await findModels(db, { project, runs: runs.slice(start, start + mostIds) })
    for (const row of rows) {
      const own = found.get(row.run_id) ?? {}
      if (row.direction === 'input') (own.input ??= { model_inputs: [] }).model_inputs.push({ model_id: row.model_id })
      else (own.output ??= { model_outputs: [] }).model_outputs.push({ model_id: row.model_id, step: row.step })
      found.set(row.run_id, own)
    }
  }
  return found
}
