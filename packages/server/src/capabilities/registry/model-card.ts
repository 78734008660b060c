import type { EventRef, Evidence, ModelCard, ModelNotes, ModelVersionDetail } from '@trivium/contract'
import { type SqlBool, sql } from 'kysely'
import type { Reader } from '../../kernel/db/index.ts'
import { orGone } from '../../kernel/errors/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { runUrn, type Tracking } from '../tracking/index.ts'
import type { VersionFiles } from './describe-files.ts'
import { requireVersion, versionDetail } from './read-models.ts'

const dependencyFiles = ['requirements.txt', 'conda.yaml', 'python_env.yaml']
const longestDependencies = 100_000
/** The condition of the index `event_of_use`, in its very words: without them no database takes it. */
const ofUse = sql<SqlBool>`name in ('alert.opened', 'deployment.retired', 'release.activated', 'release.rolled-back')`
const made = new Set(['environment', 'commit', 'code'])

/** Everything that is on record about a version, for somebody who wants to use it again. */
export async function readModelCard(
  { db, blobs, tracking }: Pick<Kernel, 'db' | 'blobs'> & { readonly tracking: Pick<Tracking, 'runDetail'> },
  scope: Scope,
  name: string,
  version: number,
): Promise<ModelCard> {
  const { project } = scope
  const row = await requireVersion(db.read, project, name, version)
  const detail = await versionDetail(db.read, project, name, version)
  const notes = JSON.parse(row.notes) as ModelNotes
  const files = JSON.parse(row.files) as VersionFiles
  const [params, tags, metrics] = await ofRun(tracking, scope, row.run_id)
  const origins = await refsOf(db.read, project, [
    ...(row.run_id === null ? [] : [runUrn(project, row.run_id)]),
    ...(row.pipeline_run === null ? [] : [row.pipeline_run]),
  ])
  const dependencies = await Promise.all(
    dependencyFiles.flatMap((file) => {
      const found = files[file]
      return found && found.size <= longestDependencies
        ? [blobs.read(project, found.digest).then((bytes) => ({ file, text: bytes.toString('utf8') }))]
        : []
    }),
  )
  const deployments = await deploymentsOf(db.read, project, detail)
  return {
    model: name,
    version,
    urn: detail.urn,
    description: detail.description,
    architecture: {
      estimator: tags['estimator_class'] ?? tags['estimator_name'] ?? null,
      flavors: detail.flavors,
      format: detail.onnx ? 'ONNX' : (detail.flavors[0] ?? null),
      bytes: Object.values(files).reduce((sum, file) => sum + file.size, 0),
    },
    signature: detail.signature,
    artifact: { digest: detail.artifactDigest, files: Object.keys(files).length, source: row.source },
    trainingData: origins.filter((ref) => parseUrn(ref.urn)?.kind === 'dataset'),
    madeWith: origins.filter((ref) => made.has(parseUrn(ref.urn)?.kind ?? '')),
    hyperparameters: params,
    dependencies,
    evaluations: detail.evidence.filter((one) => one.kind === 'evaluation' || one.kind === 'comparison').map(evaluated),
    runMetrics: metrics,
    knownIssues: await issuesOf(db.read, project, detail, notes),
    tradeOffs: [
      ...(notes.tradeOffs ? [{ text: notes.tradeOffs, source: 'written down' }] : []),
      ...detail.evidence
        .filter((one) => one.kind === 'comparison')
        .map((one) => ({ text: one.summary, source: 'comparison' })),
    ],
    usage: { text: notes.usage ?? null, python: pythonOf(detail), curl: curlOf(detail, deployments) },
    deployments,
    aliases: detail.aliases,
    missing: detail.missing,
  }
}

/** Parameters, tags and last metrics of the run; empty where it was deleted for good. */
async function ofRun(
  tracking: Pick<Tracking, 'runDetail'>,
  scope: Scope,
  run: string | null,
): Promise<[Record<string, string>, Record<string, string>, Record<string, number | null>]> {
  const found = run === null ? undefined : await orGone(() => tracking.runDetail(scope, run))
  if (!found) return [{}, {}, {}]
  const metrics = found.metrics.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return [found.params, found.tags, Object.fromEntries(metrics.map(({ key, last }) => [key, finite(last)]))]
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null)

/** What events say that these entities were made from, each once. */
async function refsOf(
  db: Reader,
  project: string,
  subjects: readonly string[],
): Promise<{ urn: string; as: string }[]> {
  if (subjects.length === 0) return []
  const rows = await db
    .selectFrom('event')
    .select('refs')
    .where('project_id', '=', project)
    .where('subject', 'in', [...subjects])
    .orderBy('at')
    .execute()
  const found = new Map<string, string>()
  for (const ref of rows.flatMap((row) => JSON.parse(row.refs) as EventRef[]))
    if (ref.rel === 'input' && !found.has(ref.urn)) found.set(ref.urn, ref.as)
  return [...found].map(([urn, as]) => ({ urn, as }))
}

function evaluated(one: Evidence): ModelCard['evaluations'][number] {
  const { metrics, dataset, metric, candidate } = one.data
  const listed = Array.isArray(metrics) ? (metrics as { metric: string; value: number | null }[]) : []
  const compared =
    typeof metric === 'string' ? [{ metric, value: (candidate as { value?: number | null })?.value ?? null }] : []
  return {
    kind: one.kind,
    verdict: one.verdict,
    summary: one.summary,
    dataset:
      typeof dataset === 'string' ? dataset : (one.subjects.find((urn) => parseUrn(urn)?.kind === 'dataset') ?? null),
    metrics: Object.fromEntries((listed.length > 0 ? listed : compared).map(({ metric: key, value }) => [key, value])),
    at: one.at,
  }
}

async function issuesOf(
  db: Reader,
  project: string,
  detail: ModelVersionDetail,
  notes: ModelNotes,
): Promise<ModelCard['knownIssues']> {
  const opened = await db
    .selectFrom('event')
    .select(['subject', 'data'])
    .where('project_id', '=', project)
    .where(ofUse)
    .where('name', '=', 'alert.opened')
    .where('refs', 'like', `%"${detail.urn}"%`)
    .orderBy('at')
    .execute()
  const open = new Map(
    opened.map(({ subject, data }) => {
      const { title } = JSON.parse(data) as { title?: unknown }
      return [subject, typeof title === 'string' ? title : subject]
    }),
  )
  // An alert may be resolved under a later version than it was opened under.
  const resolved =
    open.size === 0
      ? []
      : await db
          .selectFrom('event')
          .select('subject')
          .where('project_id', '=', project)
          .where('name', '=', 'alert.resolved')
          .where('subject', 'in', [...open.keys()])
          .execute()
  for (const { subject } of resolved) open.delete(subject)
  return [
    ...(notes.knownIssues ? [{ text: notes.knownIssues, source: 'written down' }] : []),
    ...detail.evidence
      .filter((one) => one.verdict === 'failed')
      .map((one) => ({ text: one.summary, source: one.kind })),
    ...[...open.values()].map((text) => ({ text, source: 'open alert' })),
    ...(detail.signature
      ? []
      : [{ text: 'It was logged without a signature: requests cannot be checked by name.', source: 'registry' }]),
  ]
}

/** Where it serves and served, by what deployments reported. */
async function deploymentsOf(
  db: Reader,
  project: string,
  { urn }: ModelVersionDetail,
): Promise<ModelCard['deployments']> {
  const moves = await db
    .selectFrom('event')
    .select(['name', 'subject', 'refs', 'data', 'at'])
    .where('project_id', '=', project)
    .where(ofUse)
    .where('name', 'in', ['release.activated', 'release.rolled-back', 'deployment.retired'])
    .orderBy('at')
    .orderBy('id')
    .execute()
  const now = new Map<string, { version: boolean; since: number }>()
  const ever = new Map<string, number>()
  for (const { name, subject, refs, data, at } of moves) {
    if (name === 'deployment.retired') {
      now.delete(parseUrn(subject)?.id ?? '')
      continue
    }
    const deployment = String((JSON.parse(data) as { deployment?: unknown }).deployment)
    const ours = (JSON.parse(refs) as EventRef[]).some((ref) => ref.urn === urn)
    if (ours && !now.get(deployment)?.version) ever.set(deployment, at)
    now.set(deployment, { version: ours, since: at })
  }
  return [...ever].map(([name, since]) => ({ name, since, state: now.get(name)?.version ? 'serving' : 'replaced' }))
}

const pythonOf = ({ model, version }: ModelVersionDetail): string =>
  `import mlflow\n\nmodel = mlflow.pyfunc.load_model("models:/${model}/${version}")\nmodel.predict(frame)`

function curlOf({ signature }: ModelVersionDetail, deployments: ModelCard['deployments']): string | null {
  const serving = deployments.find((one) => one.state === 'serving')
  if (!serving || !signature) return null
  const inputs = Object.fromEntries(
    signature.inputs.map(({ name, type }) => [name ?? 'input', type === 'string' ? 'text' : 0]),
  )
  return `curl "$TRIVIUM_URL/deployments/${serving.name}/predict" -H "Authorization: Bearer $TRIVIUM_TOKEN" \\\n  -H "Content-Type: application/json" -d '${JSON.stringify({ inputs })}'`
}
