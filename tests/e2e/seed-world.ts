import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  addBaseline,
  addDatasetVersion,
  addPerson,
  advanceWatermark,
  commentReport,
  createProject,
  createReport,
  createToken,
  defineFeatureView,
  defineMonitor,
  deployModel,
  getPipelineRun,
  linkReproductions,
  listAlerts,
  listEvaluations,
  logHistograms,
  predict,
  pushFeatureRows,
  pushLabels,
  recordCodeForks,
  recoverPoints,
  type Role,
  requestModelApproval,
  savePipeline,
  setModelPolicy,
  sourcePaths,
  startPipelineRun,
} from '@trivium/contract'
import { type Client, createClient } from '@trivium/sdk'

const server = join(import.meta.dirname, '../../packages/server/src')
const project = 'default'
const begin = Date.UTC(2001, 1, 11)
const day = 24 * 3600_000
/** Commits that the runs record: of the branch that all work on, and of one that left it. */
const commits = ['1f'.repeat(20), 'c0'.repeat(20)] as const
const repositories = ['https://github.com/acme/delays.git', 'git@gitlab.acme.example:ml/air/delays.git'] as const

/** What the pages are opened with. */
export interface World {
  readonly project: string
  readonly emptyProject: string
  readonly runs: readonly string[]
  readonly experiment: string
  readonly evaluation: string
  readonly pipelineRun: string
  readonly alert: string
  readonly item: string
  readonly prediction: string
  readonly trace: string
  readonly report: string
  readonly baseline: string
}

/** Makes one of everything over HTTP, as clients do: data, features, runs, a pipeline, an evaluation, a model, a deployment with traffic, an alert and a decision. */
export async function seedWorld(baseUrl: string, token: string): Promise<World> {
  const admin = createClient({ baseUrl, token })
  await admin.call(createProject, { body: { name: 'empty', title: 'Empty' } })
  for (const role of ['viewer', 'approver'] satisfies Role[])
    await admin.call(addPerson, { params: { project }, body: { name: `a-${role}`, role } })
  await admin.call(addPerson, { params: { project }, body: { name: 'trainer', kind: 'service', role: 'contributor' } })
  const trainer = await admin.call(createToken, { params: { project }, body: { name: 'training', for: 'trainer' } })
  await addData(admin)
  const runs = await logRuns(baseUrl, trainer.secret)
  await addHistograms(admin, runs[0] ?? '')
  const traced = await trace(baseUrl, trainer.secret, runs[0] ?? '')
  const evaluated = await evaluate(admin)
  const prediction = await serve(admin)
  const alert = await watch(admin)
  await admin.call(setModelPolicy, { params: { project, model: 'late' }, body: { approval: 'required' } })
  const asked = createClient({ baseUrl, token: trainer.secret })
  const report = await writeReport(asked, runs[0] ?? '')
  const baseline = await publish(asked, runs[0] ?? '')
  await measureForks(asked)
  const { item } = await asked.call(requestModelApproval, {
    params: { project, model: 'late', version: 2 },
    body: {},
  })
  return {
    project,
    emptyProject: 'empty',
    experiment: '0',
    runs,
    ...evaluated,
    alert,
    item,
    prediction,
    trace: traced,
    report,
    baseline,
  }
}

/** A report with a panel of each kind, that names a run and a model. */
async function writeReport(client: Client, run: string): Promise<string> {
  const panels = [
    'kind: table\ntitle: All runs\ncolumns: metrics.loss, params.rate\nsort: metrics.loss',
    'kind: curves\ntitle: How they learned\nmetrics: loss',
    'kind: scatter\nx: params.rate\ny: metrics.loss',
    'kind: parallel\ncolumns: params.rate, metrics.loss',
    'kind: number\nstatistic: mean\nmetrics: loss',
    'kind: importance\nexperiment: Default\nmetrics: loss',
    'kind: notes\nexperiment: Default',
    'kind: baselines\nexperiment: Default',
    'kind: pie',
  ]
  const text = `The rate matters: see trivium://${project}/run/${run} and [the model](/p/${project}/models/late).

## What was measured

${panels.map((panel) => `\`\`\`panel\n${panel}\n\`\`\``).join('\n\n')}

| rate | *loss* |
|---|--:|
| 0.1 | 0.02 |
`
  const { id } = await client.call(createReport, {
    params: { project },
    body: { title: 'Which rate learns fastest', text },
  })
  await client.call(commentReport, { params: { project, report: id }, body: { text: 'And **0.5**?' } })
  return id
}

/** A published result, and a run that says it reproduces it. */
async function publish(client: Client, run: string): Promise<string> {
  const { id } = await client.call(addBaseline, {
    params: { project, experiment: '0' },
    body: {
      name: 'Delays (2001)',
      source: { title: 'Delays of flights', url: 'https://papers.example/delays', published: '2001-05' },
      task: 'How late a flight arrives.',
      dataset: { name: 'flights', version: 1, digest: '' },
      split: 'validation',
      metric: 'loss',
      definition: 'Mean squared error of the delay in hours.',
      direction: 'lower-is-better',
      value: 0.02,
      spread: { kind: 'sd', sd: 0.004, repeats: 5 },
      protocol: '1. Train on **January**.\n2. Measure on February.',
      params: { rate: '0.2', epochs: '40' },
      seeds: ['1', '2', '3', '4', '5'],
      code: 'https://code.example/delays at 7f3ac91d',
    },
  })
  await client.call(linkReproductions, { params: { project, baseline: id }, body: { runs: [run] } })
  return id
}

/** The branch of the second run beside that of the first, as the command measures them where the repository is. */
async function measureForks(client: Client): Promise<void> {
  const [base, tip] = commits
  const whole = { conflicts: [], patch: '', patchWhole: true, files: [], touched: 0, added: 0, removed: 0 }
  const main = { ...whole, name: 'main', tip: base, isBase: true, commits: [], ahead: 0, behind: 0, firstAt: null }
  const preview = '<<<<<<< main\nrate = 0.1\n=======\nrate = 0.3\n>>>>>>> faster\n'
  const faster = {
    ...whole,
    name: 'faster',
    tip,
    isBase: false,
    commits: [tip],
    mergeBase: { commit: '0b'.repeat(20), at: begin },
    ahead: 3,
    behind: 8,
    firstAt: begin,
    lastAt: begin + 9 * day,
    added: 12,
    removed: 4,
    touched: 2,
    files: [
      { path: 'config.py', added: 1, removed: 1, inBase: true },
      { path: 'train.py', added: 11, removed: 3, inBase: false },
    ],
    conflicts: [{ path: 'config.py', preview }],
    patch:
      'diff --git a/config.py b/config.py\n--- a/config.py\n+++ b/config.py\n@@ -1 +1 @@\n-rate = 0.2\n+rate = 0.3\n',
  }
  await client.call(recordCodeForks, {
    params: { project, experiment: '0' },
    body: { lines: [{ ...main, mergeBase: null, lastAt: null }, faster], missing: [] },
  })
}

async function addData(admin: Client): Promise<void> {
  await admin.call(addDatasetVersion, {
    params: { project, dataset: 'flights' },
    query: { format: 'csv', event_time: 'at' },
    body: await readFile(join(server, 'capabilities/evaluation/fixtures/rows.csv')),
  })
  await admin.call(defineFeatureView, {
    params: { project, view: 'arrivals' },
    body: {
      keys: ['airport'],
      columns: { delay: 'number' },
      window: '3h',
      features: { mean_delay: 'avg(delay)', late: 'avg(delay > 15)' },
    },
  })
  const rows = Array.from({ length: 20 }, (_, at) => ({
    id: `r${at}`,
    key: { airport: at % 2 === 0 ? 'ORD' : 'JFK' },
    eventTime: begin - at * 600_000,
    values: { delay: at * 2 },
  }))
  await admin.call(pushFeatureRows, { params: { project, view: 'arrivals' }, body: { rows } })
}

/** How the gradients of a run were spread, and a metric that was forgotten and recovered from its checkpoint. */
async function addHistograms(admin: Client, run: string): Promise<void> {
  const params = { project, run }
  const edges = Array.from({ length: 33 }, (_, i) => (i - 16) / 8)
  const histograms = Array.from({ length: 40 }, (_, step) => {
    const counts = edges.slice(1).map((edge) => Math.round(200 * Math.exp(-((edge * (1 + step / 8)) ** 2))))
    const count = counts.reduce((sum, one) => sum + one, 0)
    return {
      key: 'gradients/dense',
      step,
      timestamp: begin,
      edges,
      counts,
      count,
      min: -2,
      max: 2,
      sum: 0,
      sumSquares: 9,
    }
  })
  await admin.call(logHistograms, { params, body: { histograms } })
  const checkpoint = `runs:/${run}/checkpoints/step=39.onnx`
  await admin.call(recoverPoints, { params, body: { checkpoint, step: 39, points: [{ key: 'f1', value: 0.75 }] } })
}

/** Two runs with curves, parameters and a model each, by the routes that the MLflow client uses. */
async function logRuns(baseUrl: string, token: string): Promise<string[]> {
  const send = async <T>(method: string, path: string, body: unknown): Promise<T> => {
    const raw = body instanceof Uint8Array
    const response = await fetch(`${baseUrl}/api/2.0/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': raw ? 'application/octet-stream' : 'application/json',
      },
      body: raw ? new Uint8Array(body) : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
  const model = new Uint8Array(await readFile(join(server, 'drivers/onnx/fixtures/columns.onnx')))
  await send('POST', 'mlflow/registered-models/create', { name: 'late' })
  const ids: string[] = []
  for (const [at, rate] of [0.1, 0.3].entries()) {
    const start = Date.now() - 60_000
    const { run } = await send<{ run: { info: { run_id: string } } }>('POST', 'mlflow/runs/create', {
      experiment_id: '0',
      start_time: start,
      run_name: `rate-${rate}`,
    })
    const run_id = run.info.run_id
    const metrics = Array.from({ length: 40 }, (_, step) => ({
      key: 'loss',
      value: Math.exp(-rate * step),
      step,
      timestamp: start + step * 1000,
    }))
    const params = [{ key: 'rate', value: String(rate) }]
    const tags = [
      { key: 'mlflow.source.git.commit', value: commits[at] },
      { key: 'mlflow.source.git.repoURL', value: repositories[at] },
    ]
    await send('POST', 'mlflow/runs/log-batch', { run_id, metrics, params, tags })
    await send('PUT', `mlflow-artifacts/artifacts/0/${run_id}/artifacts/model/model.onnx`, model)
    for (const [path, text] of Object.entries(sourcesOf(rate, repositories[at] ?? null)))
      await send(
        'PUT',
        `mlflow-artifacts/artifacts/0/${run_id}/artifacts/${path}`,
        new TextEncoder().encode(typeof text === 'string' ? text : JSON.stringify(text)),
      )
    await send('PUT', `mlflow-artifacts/artifacts/0/${run_id}/artifacts/checkpoints/step=39.onnx`, model)
    await send('POST', 'mlflow/runs/update', { run_id, status: 'FINISHED', end_time: start + 50_000 })
    await send('POST', 'mlflow/model-versions/create', { name: 'late', source: `runs:/${run_id}/model`, run_id })
    ids.push(run_id)
  }
  return ids
}

/** What a run was started from, as `trivium track` and `trivium notebook` keep it. */
function sourcesOf(rate: number, repository: string | null): Record<string, unknown> {
  const text = `rate = ${rate}\n`
  return {
    [sourcePaths.code]: {
      commit: `${'c0ffee'.repeat(6)}c0ff`,
      branch: 'main',
      repository,
      patch: `diff --git a/config.py b/config.py\n--- a/config.py\n+++ b/config.py\n@@ -1 +1 @@\n-rate = 1\n+${text}`,
      command: ['python', 'train.py'],
      files: [{ path: 'config.py', text }],
      leftOut: 0,
    },
    'predictions.csv': `flight,airport,delay\nA1,AAL,${10 + rate}\nA2,BLL,3\nA3,<b>CPH</b>,7\n${rate > 0.2 ? 'A4,ARN,1\n' : ''}`,
    [sourcePaths.environment]: `# python 3.11.4 on linux x86_64\nnumpy==${rate > 0.2 ? '2.1.0' : '1.26.4'}\n`,
    [sourcePaths.configuration]: {
      file: 'faster.yaml',
      text: `base: slow.yaml\nparams:\n  rate: ${rate}\n`,
      base: { file: 'slow.yaml', text: 'params:\n  rate: 1\n' },
      hypothesis: 'A lower rate is steadier.',
      resolved: { params: { rate } },
      changes: [{ path: 'params.rate', change: 'changed', before: 1, after: rate }],
    },
    [sourcePaths.notebook]: {
      cells: [{ cell_type: 'code', execution_count: 1, source: text, metadata: { trivium: { failed: true } } }],
    },
  }
}

/** A trace of three steps, of which the last fails, with what a person says of it. */
async function trace(baseUrl: string, token: string, run: string): Promise<string> {
  const traceId = '7e'.repeat(16)
  const at = BigInt(Date.now() - 30_000) * 1_000_000n
  const span = (n: number, from: number, to: number, name: string, more: object = {}) => ({
    traceId,
    spanId: String(n).repeat(16),
    ...(n === 1 ? {} : { parentSpanId: '1'.repeat(16) }),
    name,
    startTimeUnixNano: String(at + BigInt(from) * 1_000_000n),
    endTimeUnixNano: String(at + BigInt(to) * 1_000_000n),
    attributes: [
      { key: 'mlflow.spanInputs', value: { stringValue: JSON.stringify({ question: 'Why is SFO late?' }) } },
      { key: 'mlflow.spanType', value: { stringValue: n === 1 ? 'CHAIN' : 'TOOL' } },
    ],
    ...more,
  })
  const failed = {
    status: { code: 2, message: 'TimeoutError: the weather did not answer' },
    events: [
      {
        name: 'exception',
        timeUnixNano: String(at + 400_000_000n),
        attributes: [{ key: 'exception.message', value: { stringValue: 'the weather did not answer' } }],
      },
    ],
  }
  const spans = [
    span(1, 0, 420, 'explain the delay', failed),
    span(2, 5, 90, 'look up the flights', { status: { code: 1 } }),
    span(3, 95, 410, 'ask for the weather', failed),
  ]
  const send = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  }
  await send(
    '/v1/traces',
    { resourceSpans: [{ scopeSpans: [{ spans }] }] },
    { 'x-mlflow-experiment-id': '0', 'x-mlflow-run-id': run },
  )
  await send(`/api/3.0/mlflow/traces/tr-${traceId}/assessments`, {
    assessment: {
      assessment_name: 'helpful',
      feedback: { value: false },
      rationale: 'It says nothing about the fog.',
      source: { source_type: 'HUMAN', source_id: 'a-viewer' },
    },
  })
  return `tr-${traceId}`
}

async function evaluate(admin: Client): Promise<{ pipelineRun: string; evaluation: string }> {
  const yaml = `name: judge
steps:
  evaluate:
    kind: evaluate
    in: {model: 'model:late@1', dataset: 'dataset:flights@latest'}
    with: {label: late, metrics: [log-loss], slices: [origin]}
`
  const params = { project, pipeline: 'judge' }
  await admin.call(savePipeline, { params, body: { yaml, files: {} } })
  const { id } = await admin.call(startPipelineRun, { params, body: {} })
  await eventually(`pipeline run ${id}`, async () => {
    const { state } = await admin.call(getPipelineRun, { params: { project, run: id } })
    if (state === 'failed') throw new Error(`Pipeline run ${id} failed.`)
    return state === 'finished' ? state : undefined
  })
  const { evaluations } = await admin.call(listEvaluations, { params: { project } })
  return { pipelineRun: id, evaluation: evaluations[0]?.id ?? '' }
}

/** A deployment with three days of traffic; the distances of the last two are unlike the data that it is compared with. */
async function serve(admin: Client): Promise<string> {
  await admin.call(deployModel, { params: { project }, body: { name: 'delays', model: 'late/1' } })
  await admin.call(defineMonitor, {
    params: { project, monitor: 'delays-daily' },
    body: {
      deployment: 'delays',
      window: '1d',
      drift: { reference: 'flights@1', minRows: 50, persistence: { needed: 1, outOf: 1, clear: 2 } },
      performance: {
        prediction: 'probabilities_1',
        metrics: [{ metric: 'log-loss', baseline: 0.6, margin: 0.05 }],
        minLabels: 50,
        maxWait: '1h',
      },
    },
  })
  const rows = Array.from({ length: 300 }, (_, at) => ({
    id: `flight-${at}`,
    eventTime: begin + Math.floor((at / 100) * day),
    inputs: {
      origin: at % 2 === 0 ? 'ORD' : 'JFK',
      distance: (at < 100 ? 200 : 4000) + (at % 100) * 8,
      hour: at % 24,
      recent_delay: (at % 15) - 3,
    },
  }))
  await admin.call(predict, { params: { deployment: 'delays' }, body: { rows } })
  const labels = rows.map(({ id, eventTime }, at) => ({
    predictionId: id,
    value: at % 3 === 0,
    eventTime: eventTime + 600_000,
  }))
  await admin.call(pushLabels, { params: { project, deployment: 'delays' }, body: { labels } })
  return 'delays:flight-7'
}

/** Moves event time past the traffic; the windows close and an alert opens. */
async function watch(admin: Client): Promise<string> {
  for (let to = begin + 6 * 3600_000; to <= begin + 4 * day; to += 6 * 3600_000)
    await admin.call(advanceWatermark, { params: { project }, body: { to, waitMs: 5000 } })
  return eventually('the alert about the drift', async () => {
    const { alerts } = await admin.call(listAlerts, { params: { project }, query: { state: 'all' } })
    return alerts[0]?.id
  })
}

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 60_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`Waited 60 s in vain for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
