import {
  type EvaluationSet,
  type EvaluationSetRecordTable,
  type EvaluationSets,
  evaluationSetTarget,
} from '../../capabilities/traces/index.ts'
import { offsetOf, pageTokenOf, parseFilter, parseOrder } from '../../capabilities/tracking/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { checkKey, limits, pageSize, within } from './limits.ts'
import { rpc, type RpcCall } from './rpc.ts'
import { unlessEmpty } from './shapes.ts'

const bodyLimit = 32_000_000
const mostExperiments = 1000

const shape = ({ row, tags }: EvaluationSet, experiments: readonly string[] = []): object => ({
  dataset_id: row.id,
  name: row.name,
  tags: JSON.stringify(tags),
  ...(row.schema === null ? {} : { schema: row.schema }),
  ...(row.profile === null ? {} : { profile: row.profile }),
  digest: row.digest,
  created_time: row.created_at,
  last_update_time: row.updated_at,
  ...(row.created_by === null ? {} : { created_by: row.created_by }),
  ...(row.updated_by === null ? {} : { last_updated_by: row.updated_by }),
  ...unlessEmpty('experiment_ids', experiments),
})

const parsed = (name: string, text: string | null): object =>
  text === null ? {} : { [name]: JSON.parse(text) as unknown }

const recordShape = (row: EvaluationSetRecordTable): object => ({
  dataset_record_id: row.id,
  dataset_id: row.set_id,
  inputs: JSON.parse(row.inputs) as unknown,
  ...parsed('outputs', row.outputs),
  ...parsed('expectations', row.expectations),
  tags: JSON.parse(row.tags ?? '{}') as unknown,
  ...parsed('source', row.source),
  ...(row.source_id === null ? {} : { source_id: row.source_id }),
  ...(row.source === null ? {} : { source_type: row.source_type }),
  created_time: row.created_at,
  last_update_time: row.updated_at,
  ...(row.created_by === null ? {} : { created_by: row.created_by }),
  ...(row.updated_by === null ? {} : { last_updated_by: row.updated_by }),
})

/** datasets/*: evaluation datasets. */
export function evaluationDatasetCalls(app: Http, sets: EvaluationSets): void {
  const id = (args: Args): string => args.required('dataset_id')

  rpc(app, 'POST', 'datasets/create', 'run:write', async ({ args, scope }) => {
    const experiments = experimentsOf(args)
    const name = within('name', args.required('name'), limits.datasetName)
    return { dataset: shape(await sets.create(scope, { name, tags: tagsOf(args), experiments }), experiments) }
  })
  const search = async ({ args, scope }: RpcCall): Promise<object> => {
    const limit = pageSize(args, 1000, 50_000)
    const experiments = experimentsOf(args)
    const fingerprint = [args.text('filter_string'), args.texts('order_by'), experiments]
    const offset = offsetOf(args.text('page_token'), fingerprint)
    const { sets: found, more } = await sets.search(scope, {
      experiments,
      filter: parseFilter(args.text('filter_string'), evaluationSetTarget),
      order: parseOrder(args.texts('order_by'), evaluationSetTarget),
      limit,
      offset,
    })
    return {
      ...unlessEmpty(
        'datasets',
        found.map((one) => shape(one)),
      ),
      ...(more ? { next_page_token: pageTokenOf(offset + limit, fingerprint) } : {}),
    }
  }
  rpc(app, ['GET', 'POST'], 'datasets/search', 'run:read', search)
  rpc(app, 'GET', 'datasets/:dataset_id', 'run:read', async ({ args, scope }) => ({
    dataset: shape(await sets.require(scope, id(args))),
  }))
  rpc(app, 'DELETE', 'datasets/:dataset_id', 'run:write', ({ args, scope }) => sets.remove(scope, id(args)))
  rpc(app, 'PATCH', 'datasets/:dataset_id/tags', 'run:write', async ({ args, scope }) => {
    args.required('tags')
    await sets.setTags(scope, id(args), tagsOf(args))
  })
  rpc(app, 'DELETE', 'datasets/:dataset_id/tags/:key', 'run:write', async ({ args, scope }) => {
    await sets.removeTag(scope, id(args), args.required('key'))
  })
  rpc(app, 'GET', 'datasets/:dataset_id/experiment-ids', 'run:read', async ({ args, scope }) =>
    unlessEmpty('experiment_ids', await sets.experiments(scope, id(args))),
  )
  for (const verb of ['add', 'remove'] as const)
    rpc(app, 'POST', `datasets/:dataset_id/${verb}-experiments`, 'run:write', async ({ args, scope }) => ({
      dataset: shape(await sets.join(scope, id(args), experimentsOf(args), verb)),
    }))
  rpc(
    app,
    'POST',
    'datasets/:dataset_id/records',
    'run:write',
    async ({ args, scope }) => {
      const { inserted, updated } = await sets.upsert(scope, id(args), jsonOf(args, 'records'))
      return { inserted_count: inserted, updated_count: updated }
    },
    { bodyLimit },
  )
  rpc(
    app,
    'GET',
    'datasets/:dataset_id/records',
    'run:read',
    async ({ args, scope }) => {
      const limit = pageSize(args, 1000, 1000)
      const after = afterOf(args.text('page_token'))
      const { records, more } = await sets.records(scope, id(args), { limit, ...(after ? { after } : {}) })
      const last = records.at(-1)
      return {
        records: JSON.stringify(records.map(recordShape)),
        ...(more && last ? { next_page_token: Buffer.from(`${last.created_at}:${last.id}`).toString('base64') } : {}),
      }
    },
    { load: 'heavy' },
  )
  rpc(app, 'DELETE', 'datasets/:dataset_id/records', 'run:write', async ({ args, scope }) => ({
    deleted_count: await sets.removeRecords(scope, id(args), args.texts('dataset_record_ids')),
  }))
}

function experimentsOf(args: Args): string[] {
  const ids = args.texts('experiment_ids')
  if (ids.length > mostExperiments) throw mlflowErrors.INVALID(`At most ${mostExperiments} experiments can be named.`)
  return ids
}

/** Fields of these calls that hold JSON as text. */
function jsonOf(args: Args, name: string): unknown {
  const text = args.required(name)
  try {
    return JSON.parse(text)
  } catch {
    throw mlflowErrors.INVALID_VALUE(name, text.slice(0, 100), 'It is not JSON.')
  }
}

/** Tags come as the text of a JSON object; what is null is left out. */
function tagsOf(args: Args): Record<string, string> {
  if (args.raw('tags') === undefined || args.raw('tags') === '') return {}
  const tags = jsonOf(args, 'tags')
  if (typeof tags !== 'object' || tags === null || Array.isArray(tags)) throw args.invalid('tags', tags)
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]: [string, unknown]) => {
      if (value === null) return []
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      if (text.includes('\u0000')) throw args.invalid('tags', key)
      return [[checkKey('key', key, 'tags'), within('value', text, limits.tagValue)] as const]
    }),
  )
}

function afterOf(token: string | undefined): { at: number; id: string } | undefined {
  if (!token) return undefined
  const match = /^(\d{1,15}):(dr-[0-9a-f]{32})$/.exec(Buffer.from(token, 'base64').toString())
  if (!match) throw mlflowErrors.INVALID('Invalid page token.')
  return { at: Number(match[1]), id: match[2] ?? '' }
}
