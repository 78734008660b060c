import { parseArgs } from 'node:util'
import { createWorld } from '@trivium/testing'
import { median, quantile, show } from '../support/figures.ts'
import { createReport } from '../support/report.ts'

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: '450000' },
    experiments: { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '15' },
    bar: { type: 'string', default: '200' },
  },
})
const models = Number(flags.models)
const experiments = Number(flags.experiments)
const rounds = Number(flags.rounds)
const report = createReport('registry', 'A large catalogue of models')
const world = await createWorld({})
const { db } = world.kernel
const client = await world.as('contributor')
const { project, id: principal } = { project: world.project, id: client.principal.id }

report.say(
  `${models.toLocaleString('en-GB')} models with one version each, a tag each and an alias each, in ${experiments.toLocaleString('en-GB')} experiments, in one project on SQLite. Each request ${rounds} times, one after another, from the routing to the finished answer, without a network.`,
)

const name = (i: number): string => `model-${String(i).padStart(7, '0')}`
const batch = 500
const hex = (i: number, length: number): string => i.toString(16).padStart(length, '0')
for (let start = 0; start < experiments; start += batch) {
  const some = Array.from({ length: Math.min(batch, experiments - start) }, (_, i) => start + i)
  for (const i of some)
    await world.capabilities.tracking.createExperiment(client.scope, { name: `experiment-${i}`, tags: [] })
}
const files = JSON.stringify({
  MLmodel: { digest: 'a'.repeat(64), size: 400 },
  'model.onnx': { digest: 'b'.repeat(64), size: 90_000 },
})
const began = performance.now()
for (let start = 0; start < models; start += batch) {
  const some = Array.from({ length: Math.min(batch, models - start) }, (_, i) => start + i)
  const at = (i: number): number => 1_000_000_000_000 + i
  const own = { project_id: project, created_by: principal }
  await db.write.transaction().execute(async (trx) => {
    const made = some.map((i) => ({
      ...own,
      name: name(i),
      description: `Number ${i}.`,
      approval_policy: 'none' as const,
      productive: 0,
      retraining: null,
      last_version: 1,
      created_at: at(i),
      updated_at: at(i),
    }))
    await trx.insertInto('model').values(made).execute()
    const tagged = some.map((i) => ({ project_id: project, model: name(i), key: 'team', value: `team-${i % 100}` }))
    await trx.insertInto('model_tag').values(tagged).execute()
    await trx
      .insertInto('model_version_tag')
      .values(tagged.map((one) => ({ ...one, version: 1 })))
      .execute()
    await trx
      .insertInto('model_alias')
      .values(
        some.map((i) => ({
          project_id: project,
          model: name(i),
          alias: 'champion',
          version: 1,
          set_at: at(i),
          set_by: principal,
        })),
      )
      .execute()
    for (const part of [some.slice(0, batch / 2), some.slice(batch / 2)].filter((one) => one.length > 0))
      await trx
        .insertInto('model_version')
        .values(
          part.map((i) => ({
            ...own,
            model: name(i),
            version: 1,
            state: 'ready' as const,
            stage: 'None',
            description: '',
            source: `runs:/${hex(i, 32)}/model`,
            run_id: hex(i, 32),
            run_link: '',
            logged_model_id: null,
            pipeline_run: null,
            artifact_owner: `run/${hex(i, 32)}`,
            artifact_path: 'model',
            artifact_digest: hex(i, 64),
            files,
            flavors: '["onnx","python_function"]',
            signature: null,
            onnx: 'model.onnx',
            gate: null,
            gate_reason: null,
            approval: null,
            approval_item: null,
            authors: '[]',
            deleted_at: null,
            notes: '{}',
            pickles: '[]',
            created_at: at(i),
            updated_at: at(i),
          })),
        )
        .execute()
  })
}
console.log(`seeded in ${show((performance.now() - began) / 1000)} s`)

const api = `/api/v1/projects/${project}`
const like = (text: string): string => encodeURIComponent(`name like '%${text}%'`)
const middle = name(Math.floor(models / 2))
const last = Math.max(0, models - 150)
const token = async (): Promise<string> => {
  const { json } = await client.call('GET', `${api}/models?limit=1000`)
  return (json as { nextPageToken: string }).nextPageToken
}
const search = (path: string, query: Record<string, string>) => () =>
  client.call('GET', `/api/2.0/mlflow/${path}?${new URLSearchParams(query)}`)
const pages: Record<string, () => Promise<{ status: number; text: string }>> = {
  'models, the first page': () => client.call('GET', `${api}/models`),
  'models, a page further on': async () => client.call('GET', `${api}/models?limit=100&page_token=${await second}`),
  'models whose name holds a text, near the end': () =>
    client.call('GET', `${api}/models?filter=${like(name(last).slice(-6))}`),
  'models whose name holds what none holds': () => client.call('GET', `${api}/models?filter=${like('nothing')}`),
  'models of one tag': () => client.call('GET', `${api}/models?filter=${encodeURIComponent("tags.team = 'team-7'")}`),
  'models of a tag that none has': () =>
    client.call('GET', `${api}/models?filter=${encodeURIComponent("tags.team = 'none'")}`),
  'a model': () => client.call('GET', `${api}/models/${middle}`),
  'its versions': () => client.call('GET', `${api}/models/${middle}/versions`),
  'a version': () => client.call('GET', `${api}/models/${middle}/versions/1`),
  'its card': () => client.call('GET', `${api}/models/${middle}/versions/1/card`),
  'the versions of a run': () => client.call('GET', `${api}/model-versions?run=${hex(5, 32)}`),
  'the newest versions of all': () => client.call('GET', `${api}/model-versions?limit=100`),
  'MLflow, models by name': search('registered-models/search', { max_results: '100' }),
  'MLflow, versions of a model': search('model-versions/search', { filter: `name = '${middle}'`, max_results: '100' }),
  'MLflow, versions last changed': search('model-versions/search', { max_results: '100' }),
  'MLflow, versions of one tag': search('model-versions/search', {
    filter: "tags.team = 'team-7'",
    max_results: '100',
  }),
  experiments: () => client.call('GET', `${api}/experiments?limit=100`),
}
const second = token()
const rows: string[][] = []
let worst = 0
for (const [what, ask] of Object.entries(pages)) {
  const times: number[] = []
  let bytes = 0
  let status = 0
  for (let round = 0; round < rounds + 1; round += 1) {
    const before = performance.now()
    const answer = await ask()
    if (round > 0) times.push(performance.now() - before)
    ;({ status } = answer)
    bytes = answer.text.length
  }
  const p95 = quantile(times, 0.95)
  worst = Math.max(worst, p95)
  rows.push([what, String(status), show(median(times)), show(p95), show(bytes / 1024)])
}
report.table('What a page takes', ['page', 'status', 'p50 ms', 'p95 ms', 'KiB'], rows)
report.atMost('any page of the catalogue, p95', worst, Number(flags.bar), ' ms')
report.write()
await world.close()
process.exit(0)
