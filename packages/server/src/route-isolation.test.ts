import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type Client, describeEachDatabase, type World } from '@trivium/testing'
import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { ServedRoute } from './kernel/http/index.ts'
import { urn } from './kernel/ids/index.ts'

/** In every text that the other project holds, and in none of its names: where it shows up, content has leaked. */
const secret = 'zebrafish'

/** Routes that end what the caller came with, or never end. */
const left = new Set(['POST /api/v1/logout', 'GET /api/v1/projects/:project/events/stream'])

/** What a foreign project holds, by the kinds of id that requests can carry. */
interface Foreign {
  project: string
  ids: string[]
}

describeEachDatabase('isolation of projects', ({ world, dialect }) => {
  let theirs: Foreign
  let mine: string
  let insider: Client
  let before: Record<string, string[]>

  beforeAll(async () => {
    // The gateway has a clock of its own.
    world.time.now = Date.now()
    theirs = await fill(world)
    mine = await world.makeProject()
    insider = await world.as('admin', mine)
    await world.settled(theirs.project)
    before = await contents(world, theirs.project)
  }, 120_000)

  test('the other project really holds the secret', () => {
    expect(JSON.stringify(before).split(secret).length).toBeGreaterThan(8)
  })

  test('no route shows or changes anything of another project, whatever id stands in path, query or body', async () => {
    const wrong: string[] = []
    const attempt = async ({ method, url, headers, payload }: ReturnType<typeof requestFor>, id: string) => {
      const answer = await world.app.inject({
        method: method as 'GET',
        url,
        headers: { host: 'localhost', authorization: `Bearer ${insider.token}`, ...headers },
        ...(payload === undefined ? {} : { payload }),
      })
      if (answer.statusCode >= 500 && answer.statusCode !== 501)
        wrong.push(`${method} ${url}: ${answer.statusCode} ${answer.body}`)
      if (answer.body.includes(secret)) wrong.push(`${method} ${url} with ${id} shows ${answer.body.slice(0, 300)}`)
    }
    for (const route of callable(world)) {
      const isNew = onceEach()
      const attempts = [...theirs.ids, theirs.project]
        .map((id) => ({ id, request: requestFor(route, { project: mine, id }) }))
        .filter(({ request: { url, payload } }) => isNew(url, payload))
      await Promise.all(attempts.map(({ id, request }) => attempt(request, id)))
    }
    expect(wrong).toEqual([])
    await world.settled(theirs.project)
    expect(await contents(world, theirs.project)).toEqual(before)
  }, 300_000)

  test('an id of another project answers like an id that nobody has', async () => {
    const wrong: string[] = []
    const empty = await world.makeProject()
    const newcomer = await world.as('viewer', empty)
    const reads = callable(world).filter((route) => route.method === 'GET')
    const answerTo = async (route: ServedRoute, asked: string) => {
      const { method, url, headers } = requestFor(route, { project: empty, id: asked })
      const answer = await world.app.inject({
        method: method as 'GET',
        url,
        headers: { host: 'localhost', authorization: `Bearer ${newcomer.token}`, ...headers },
      })
      return JSON.stringify({ status: answer.statusCode, body: masked(answer.body, asked) })
    }
    const compare = async (route: ServedRoute, id: string) => {
      const [url, other] = [id, sibling(id)].map((asked) => requestFor(route, { project: empty, id: asked }).url)
      // Where no id can stand there is nothing to compare.
      if (url === other) return
      const answers = await Promise.all([id, sibling(id)].map((asked) => answerTo(route, asked)))
      if (answers[0] !== answers[1]) wrong.push(`${route.url} with ${id}: ${answers.join(', ')}`)
    }
    for (const route of reads) await Promise.all(theirs.ids.map((id) => compare(route, id)))
    expect(wrong).toEqual([])
  }, 120_000)

  test('the members of the other project do see all of it', async () => {
    const member = await world.as('admin', theirs.project)
    const seen: string[] = []
    for (const route of callable(world).filter((r) => r.method === 'GET')) {
      const isNew = onceEach()
      for (const id of theirs.ids) {
        const { url, headers } = requestFor(route, { project: theirs.project, id })
        if (!isNew(url)) continue
        const answer = await world.app.inject({
          url,
          headers: { host: 'localhost', authorization: `Bearer ${member.token}`, ...headers },
        })
        if (answer.body.includes(secret)) {
          seen.push(route.url)
          break
        }
      }
      if (seen.length > 25) break
    }
    // The same requests that show nothing to an outsider: proof that they ask the right questions.
    expect(seen.length, seen.join('\n')).toBeGreaterThan(25)
  }, 120_000)

  /** Every row that is stored under a project, by table. */
  async function contents(of: World, project: string): Promise<Record<string, string[]>> {
    // Refusals and sensitive reads wait for two seconds before they are written; those of the filling belong to the state before.
    await of.capabilities.accessLog.flush()
    await of.capabilities.quotas.flush()
    const db = of.kernel.db.read as unknown as Kysely<Record<string, Record<string, unknown>>>
    const names =
      dialect === 'sqlite'
        ? await sql<{
            name: string
          }>`select m.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and c.name = 'project_id' order by 1`.execute(
            db,
          )
        : await sql<{
            name: string
          }>`select table_name as name from information_schema.columns where column_name = 'project_id' and table_schema = 'public' order by 1`.execute(
            db,
          )
    const tables: Record<string, string[]> = {}
    for (const { name } of names.rows) {
      const rows = await db.selectFrom(name).selectAll().where('project_id', '=', project).execute()
      // When a token was last used is nobody's data, and says nothing about the outsider.
      tables[name] = rows.map((row) => JSON.stringify({ ...row, last_used_at: undefined })).toSorted()
    }
    return tables
  }
})

/** The gateway checks the token of these itself. */
const inference = /^\/(v2|deployments|invocations)(\/|$)/

/** Routes that a token opens; of the wire protocols' spellings of one call only the first, because they share a handler. */
function callable(world: World): ServedRoute[] {
  const known = new Set<string>()
  return world.app.routeTable.filter((route) => {
    const call = `${route.method} ${route.url.replace(/^\/(ajax-)?api\/[23]\.0\//, '/')}`
    const open = route.access === 'public' && !inference.test(route.url)
    if (route.method === 'HEAD' || open || left.has(call) || known.has(call)) return false
    known.add(call)
    return true
  })
}

/** Says whether a request has not been made yet: a route without a place for ids gives the same one for each of them. */
function onceEach(): (...request: (string | undefined)[]) => boolean {
  const made = new Set<string>()
  return (...request) => made.size < made.add(JSON.stringify(request)).size
}

/** The same kind of id, which nobody has. */
const sibling = (id: string): string =>
  id.replace(/[0-9a-z]{6}(?=(@\d+)?$)/, (end) => [...end].map((c) => (/\d/.test(c) ? '7' : 'q')).join(''))

/** Takes out what differs between two equal answers: the id that was asked for, the request's own id, and the count of requests so far. */
function masked(body: string, id: string): string {
  return body
    .replaceAll(/"used":\d+/g, '')
    .replaceAll(id, 'ID')
    .replaceAll(encodeURIComponent(id), 'ID')
    .replaceAll(/"request_?[iI]d":"[^"]*"/g, '')
}

/** Fields that the wire protocols read without a schema. */
const wireFields = [
  'trace_id',
  'run_id',
  'run_uuid',
  'experiment_id',
  'experiment_name',
  'model_id',
  'name',
  'version',
  'alias',
  'key',
  'metric_key',
  'path',
  'new_name',
  'new_status',
  'status',
]
const wireLists = [
  'trace_ids',
  'request_ids',
  'experiment_ids',
  'run_ids',
  'model_ids',
  'tags',
  'metrics',
  'params',
  'inputs',
  'dataframe_records',
]

/** What an id is no word of: the request would end there. */
const ownLanguage = new Set(['page_token', 'filter', 'order_by', 'limit'])

function requestFor(
  route: ServedRoute,
  { project, id }: { project: string; id: string },
): { method: string; url: string; headers: Record<string, string>; payload?: string } {
  const encoded = encodeURIComponent(id)
  const path = route.url
    .replace(':project', project)
    .replaceAll(/:(\w+)/g, (_, name: string) =>
      name === 'version' && /^\d/.test(id) ? id : name === 'version' ? '1' : encoded,
    )
    .replace('/v2/*', `/v2/models/${encoded}`)
    .replaceAll('*', encoded)
  const query = new URLSearchParams()
  const schema = route.schema.querystring as Schema | undefined
  if (schema?.properties) {
    for (const [name, property] of Object.entries(schema.properties)) {
      const value = sample(property, id)
      if (value !== undefined && !ownLanguage.has(name)) query.set(name, String(value))
    }
  } else if (!route.url.startsWith('/api/v1/')) {
    for (const name of wireFields) query.set(name, id)
    for (const name of wireLists) query.append(name, id)
  }
  const url = query.size > 0 && route.method === 'GET' ? `${path}?${query}` : path
  if (route.method === 'GET' || route.method === 'DELETE') return { method: route.method, url, headers: {} }
  const body = route.schema.body as Schema | undefined
  const payload = body
    ? sample(body, id)
    : Object.fromEntries([...wireFields.map((name) => [name, id]), ...wireLists.map((name) => [name, [id]])])
  return {
    method: route.method,
    url: query.size > 0 ? `${path}?${query}` : path,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(payload),
  }
}

interface Schema {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  items?: Schema
  minimum?: number
  exclusiveMinimum?: number
  minItems?: number
}

/** A value that the schema takes, with the id wherever text is free. */
function sample(schema: Schema, id: string): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return sample(schema.anyOf[0] ?? {}, id)
  switch (schema.type) {
    case 'object':
      return schema.properties
        ? Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, sample(inner, id)]))
        : { [id]: id }
    case 'array':
      return [sample(schema.items ?? {}, id)]
    case 'integer':
    case 'number':
      return (schema.minimum ?? schema.exclusiveMinimum ?? 0) + (schema.exclusiveMinimum === undefined ? 0 : 1)
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return id
  }
}

/** A project with one of everything. Names and ids tell nothing; contents carry the secret. */
async function fill(world: World): Promise<Foreign> {
  const project = await world.makeProject()
  const admin = await world.as('admin', project)
  const ids: string[] = []
  const must = async (...args: Parameters<Client['call']>) => {
    const answer = await admin.call(...args)
    if (answer.status >= 300) throw new Error(`${args[0]} ${args[1]}: ${answer.status} ${answer.text}`)
    return answer.json
  }
  const at = `/api/v1/projects/${project}`
  const { datasets } = world.capabilities
  const csv = `when,${secret}_delay\n2001-01-01 00:00:00,1\n2001-01-02 00:00:00,2\n`
  await datasets.add(admin.scope, {
    name: 'rows-of-theirs',
    content: Readable.from([Buffer.from(csv)]),
    format: 'csv',
    mode: 'replace',
    note: `${secret} note`,
  })
  ids.push('rows-of-theirs', urn(project, 'dataset', 'rows-of-theirs', 1))

  await must('PUT', `${at}/feature-views/view-of-theirs`, {
    keys: ['airport'],
    columns: { [secret]: 'number' },
    window: '3h',
    features: { [`${secret}_mean`]: `sum(${secret}) / count(*)` },
    defaults: {},
  })
  await must('POST', `${at}/feature-views/view-of-theirs/rows`, {
    rows: [{ id: 'row-1', key: { airport: secret }, eventTime: 1000, values: { [secret]: 1 } }],
  })
  ids.push('view-of-theirs', urn(project, 'feature-view', 'view-of-theirs', 1))

  const item = await world.kernel.db.write.transaction().execute((trx) =>
    world.capabilities.inbox.open(trx, admin.principal, {
      project,
      kind: 'review',
      title: `${secret} title`,
      summary: `${secret} summary`,
      subject: urn(project, 'dataset', 'rows-of-theirs', 1),
      evidence: { [secret]: 1 },
      options: [{ id: 'yes', label: secret, consequence: secret }],
      permission: 'inbox:decide',
      authors: [],
      blocksEventTime: false,
    }),
  )
  ids.push(item.id, item.urn)

  const account = `robot-${item.id.slice(-8)}`
  await must('POST', `${at}/people`, { name: account, kind: 'service', role: 'contributor' })
  const token = await must('POST', `${at}/tokens`, { name: `${secret} token`, for: account })
  ids.push(account, token.token.id)

  const experiment = await must('POST', '/api/2.0/mlflow/experiments/create', {
    name: 'experiment-of-theirs',
    tags: [{ key: 'about', value: secret }],
  })
  const { run } = await must('POST', '/api/2.0/mlflow/runs/create', {
    experiment_id: experiment.experiment_id,
    run_name: `${secret} run`,
    tags: [{ key: 'about', value: secret }],
  })
  const run_id = run.info.run_id as string
  await must('POST', '/api/2.0/mlflow/runs/log-batch', {
    run_id,
    metrics: [{ key: `${secret}_loss`, value: 0.5, timestamp: 1000, step: 1 }],
    params: [{ key: `${secret}_rate`, value: '0.1' }],
    tags: [{ key: secret, value: secret }],
  })
  const proxy = '/api/2.0/mlflow-artifacts/artifacts'
  await must('PUT', `${proxy}/${experiment.experiment_id}/${run_id}/artifacts/notes.txt`, `${secret} notes`, {
    'content-type': 'text/plain',
  })
  const path = `${experiment.experiment_id}/${run_id}/artifacts/notes.txt`
  ids.push(run_id, experiment.experiment_id, 'experiment-of-theirs', urn(project, 'run', run_id), path)

  const trace = `tr-${'5e'.repeat(16)}`
  const place = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: experiment.experiment_id } }
  await must('POST', '/api/3.0/mlflow/traces', {
    trace: {
      trace_info: {
        trace_id: trace,
        trace_location: place,
        request_time: '2001-01-01T00:00:00Z',
        request_preview: secret,
        tags: { [secret]: secret },
      },
    },
  })
  const span = { traceId: '5e'.repeat(16), spanId: '5e'.repeat(8), name: secret, startTimeUnixNano: '1' }
  const spans = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }
  await must('POST', '/v1/traces', spans, { 'x-mlflow-experiment-id': experiment.experiment_id })
  const feedback = { assessment_name: 'good', feedback: { value: secret }, assessment_id: 'a-of-theirs' }
  await must('POST', `/api/3.0/mlflow/traces/${trace}/assessments`, { assessment: feedback })
  ids.push(trace, 'a-of-theirs')

  const model = await readFile(join(import.meta.dirname, 'drivers/onnx/fixtures/columns.onnx'))
  await must('PUT', `${proxy}/${experiment.experiment_id}/${run_id}/artifacts/model/model.onnx`, model)
  await must('POST', '/api/2.0/mlflow/registered-models/create', { name: 'model-of-theirs', description: secret })
  const version = {
    name: 'model-of-theirs',
    source: `runs:/${run_id}/model`,
    run_id,
    description: secret,
    tags: [{ key: secret, value: secret }],
  }
  await must('POST', '/api/2.0/mlflow/model-versions/create', version)
  const named = { name: 'model-of-theirs', alias: secret, version: '1' }
  await must('POST', '/api/2.0/mlflow/registered-models/alias', named)
  ids.push('model-of-theirs', 'model-of-theirs/1', 'model-of-theirs@1', urn(project, 'model', 'model-of-theirs', 1))

  await must('PUT', `${at}/pipelines/pipeline-of-theirs`, { yaml: validation, files: {} })
  const started = await must('POST', `${at}/pipelines/pipeline-of-theirs/runs`, {})
  ids.push('pipeline-of-theirs', started.id, urn(project, 'pipeline-run', started.id))
  await world.settled(project, 60_000)
  ids.push(...(await serve(world, project, must)))
  return { project, ids }
}

const validation = `name: pipeline-of-theirs
description: ${secret}
steps:
  check:
    kind: validate
    in: {dataset: 'dataset:rows-of-theirs@latest'}
`
const day = 86_400_000
const begin = Date.UTC(2001, 1, 11)

/** A deployment with traffic that drifts, watched until an alert opens. */
async function serve(
  world: World,
  project: string,
  must: (...args: Parameters<Client['call']>) => Promise<any>,
): Promise<string[]> {
  const at = `/api/v1/projects/${project}`
  const flights = await readFile(join(import.meta.dirname, 'capabilities/evaluation/fixtures/rows.csv'))
  await must('POST', `${at}/datasets/flights-of-theirs/versions?format=csv&event_time=at`, flights, {
    'content-type': 'text/csv',
  })
  await must('POST', `${at}/watermark`, { to: begin, waitMs: 20_000 })
  await must('POST', `${at}/deployments`, { name: 'served-by-them', model: 'model-of-theirs/1' })
  await must('PUT', `${at}/monitors/watched-by-them`, {
    deployment: 'served-by-them',
    window: '1d',
    drift: { reference: 'flights-of-theirs@1', minRows: 50, persistence: { needed: 1, outOf: 1, clear: 2 } },
  })
  const rows = Array.from({ length: 800 }, (_, n) => ({
    id: `prediction-${n}`,
    eventTime: begin + Math.floor((n / 400) * day),
    inputs: { origin: secret, distance: 4000 + n, hour: n % 24, recent_delay: n % 9 },
  }))
  await must('POST', '/deployments/served-by-them/predict', { rows })
  await must('POST', `${at}/deployments/served-by-them/labels`, {
    labels: [{ predictionId: 'prediction-0', value: secret, eventTime: begin + day }],
  })
  for (let hours = 6; hours <= 96; hours += 6)
    await must('POST', `${at}/watermark`, { to: begin + hours * 3_600_000, waitMs: 20_000 })
  await world.settled(project, 30_000)
  const { alerts } = await must('GET', `${at}/alerts?state=all`)
  const { releases } = await must('GET', `${at}/deployments/served-by-them/releases`)
  return [
    'flights-of-theirs',
    'served-by-them',
    'watched-by-them',
    'prediction-0',
    urn(project, 'prediction', 'served-by-them:prediction-0'),
    urn(project, 'deployment', 'served-by-them'),
    releases[0].id,
    alerts[0].id,
    urn(project, 'alert', alerts[0].id),
  ]
}
