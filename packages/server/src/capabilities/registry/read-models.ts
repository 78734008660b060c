import type {
  ApprovalState,
  ArtifactEntry,
  Evidence,
  ModelPolicy,
  ModelSignatureInfo,
  ModelVersionDetail,
  ModelVersionRow,
  PickledFile,
  RegisteredModel,
} from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { VersionFiles } from './describe-files.ts'
import { registryErrors } from './errors.ts'
import { noCriteria, withoutCriteria } from './promotion.ts'
import { namedPickles } from './provenance/find-pickles.ts'
import type { ModelTable, ModelVersionTable } from './tables.ts'
import './tables.ts'

export const modelUrn = (project: string, name: string): string => urn(project, 'model', name)
export const versionUrn = (project: string, name: string, version: number): string =>
  urn(project, 'model', name, version)

export async function findModel(db: Reader, project: string, name: string): Promise<ModelTable | undefined> {
  return db
    .selectFrom('model')
    .selectAll()
    .where('project_id', '=', project)
    .where('name', '=', name)
    .executeTakeFirst()
}

export async function requireModel(db: Reader, project: string, name: string): Promise<ModelTable> {
  const model = await findModel(db, project, name)
  if (!model) throw registryErrors.MODEL_NOT_FOUND(name)
  return model
}

/** A version that was not deleted. */
export async function requireVersion(
  db: Reader,
  project: string,
  model: string,
  version: number,
): Promise<ModelVersionTable> {
  const row =
    Number.isSafeInteger(version) && version <= 2_147_483_647
      ? await db
          .selectFrom('model_version')
          .selectAll()
          .where('project_id', '=', project)
          .where('model', '=', model)
          .where('version', '=', version)
          .where('deleted_at', 'is', null)
          .executeTakeFirst()
      : undefined
  if (!row) throw registryErrors.VERSION_NOT_FOUND(model, version)
  return row
}

export const policyOf = (model: ModelTable): ModelPolicy => ({
  approval: model.approval_policy,
  productive: model.productive === 1,
  retraining: model.retraining,
})

/** Where a version stands with the policy of its model. */
export function approvalOf(row: ModelVersionTable, policy: 'none' | 'required'): ApprovalState {
  return row.approval ?? (policy === 'required' ? 'missing' : 'not-required')
}

/** What keeps a version from being deployed, one sentence each. Approval by a person overrides a gate. */
export function missingFor(row: ModelVersionTable, policy: 'none' | 'required', lacksCriteria: boolean): string[] {
  const missing: string[] = []
  if (lacksCriteria) missing.push(noCriteria(row.model))
  const approval = approvalOf(row, policy)
  if (row.state !== 'ready') missing.push('Its files are not complete.')
  if (approval === 'declined') missing.push(`Its approval was declined in ${row.approval_item}.`)
  else if (approval === 'waiting') missing.push(`It waits for approval in ${row.approval_item}.`)
  else if (approval === 'missing')
    missing.push(
      `The policy of "${row.model}" requires approval, and nobody was asked yet. Request approval on the page of the version.`,
    )
  if (row.gate === 'failed' && approval !== 'approved')
    missing.push(
      `The gate rejected it: ${row.gate_reason ?? 'no reason is known'} A person may override this by approving it.`,
    )
  if (row.parity === 'failed' && approval !== 'approved')
    missing.push(
      `Its parity test failed: ${row.parity_reason ?? 'no reason is known'} A person may override this by approving it.`,
    )
  return missing
}

/** The public rows of versions, in their order. */
export async function presentVersions(
  db: Reader,
  project: string,
  rows: readonly ModelVersionTable[],
): Promise<ModelVersionRow[]> {
  if (rows.length === 0) return []
  const names = [...new Set(rows.map((row) => row.model))]
  const models = await db
    .selectFrom('model')
    .select(['name', 'approval_policy', 'productive', 'retraining'])
    .where('project_id', '=', project)
    .where('name', 'in', names)
    .execute()
  const policies = new Map(models.map((m) => [m.name, m.approval_policy]))
  const lacking = await withoutCriteria(db, project, models)
  const aliases = await db
    .selectFrom('model_alias')
    .select(['model', 'alias', 'version'])
    .where('project_id', '=', project)
    .where('model', 'in', names)
    .orderBy('alias')
    .execute()
  const versions = [...new Set(rows.map((row) => row.version))]
  const tags = await db
    .selectFrom('model_version_tag')
    .selectAll()
    .where('project_id', '=', project)
    .where('model', 'in', names)
    .where('version', 'in', versions)
    .execute()
  const counted = await db
    .selectFrom('model_evidence')
    .select(['model', 'version', (e) => e.fn.countAll<number>().as('n')])
    .where('project_id', '=', project)
    .where('model', 'in', names)
    .where('version', 'in', versions)
    .groupBy(['model', 'version'])
    .execute()
  const authors = await db
    .selectFrom('principal')
    .select(['id', 'name'])
    .where('id', 'in', [...new Set(rows.map((row) => row.created_by))])
    .execute()
  const keyOf = (one: { model: string; version: number }): string => `${one.version}/${one.model}`
  const [tagged, aliased, countedBy] = [
    Map.groupBy(tags, keyOf),
    Map.groupBy(aliases, keyOf),
    Map.groupBy(counted, keyOf),
  ]
  return rows.map((row) => {
    const key = keyOf(row)
    const policy = policies.get(row.model) ?? 'none'
    const files = JSON.parse(row.files) as VersionFiles
    const onnx = row.onnx === null ? undefined : files[row.onnx]
    return {
      model: row.model,
      version: row.version,
      urn: versionUrn(project, row.model, row.version),
      state: row.state,
      description: row.description,
      tags: tagsOf(tagged.get(key)),
      aliases: (aliased.get(key) ?? []).map((a) => a.alias),
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      createdBy: row.created_by,
      createdByName: authors.find((author) => author.id === row.created_by)?.name ?? row.created_by,
      run: row.run_id,
      loggedModel: row.logged_model_id,
      pipelineRun: row.pipeline_run,
      flavors: JSON.parse(row.flavors) as string[],
      onnx: row.onnx === null || !onnx ? null : { path: row.onnx, ...onnx },
      gate: row.gate,
      gateReason: row.gate_reason,
      approval: approvalOf(row, policy),
      approvalItem: row.approval_item,
      missing: missingFor(row, policy, lacking.has(row.model)),
      evidenceCount: Number(countedBy.get(key)?.[0]?.n ?? 0),
      unsafe: unsafeOf(row, files),
    }
  })
}

/** By key; sorted here, as a database that is asked for the order goes through all tags of the project by it. */
const tagsOf = (tags: readonly { key: string; value: string }[] = []): Record<string, string> =>
  Object.fromEntries(tags.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ key, value }) => [key, value]))

/** What is unsafe about loading a version; of one that was registered before anybody looked into files, what their names say. */
function unsafeOf({ pickles }: Pick<ModelVersionTable, 'pickles'>, files: VersionFiles): ModelVersionRow['unsafe'] {
  const found = pickles === null ? namedPickles(files) : (JSON.parse(pickles) as PickledFile[])
  return found.length === 0 ? null : { kind: 'pickle', files: found }
}

export async function readEvidence(db: Reader, project: string, model: string, version: number): Promise<Evidence[]> {
  const rows = await db
    .selectFrom('model_evidence')
    .select('record')
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('version', '=', version)
    .orderBy('position')
    .execute()
  return rows.map((row) => JSON.parse(row.record) as Evidence)
}

/** Everything about a version. */
export async function versionDetail(
  db: Reader,
  project: string,
  name: string,
  version: number,
): Promise<ModelVersionDetail> {
  const row = await requireVersion(db, project, name, version)
  const model = await requireModel(db, project, name)
  const [fields] = await presentVersions(db, project, [row])
  if (!fields) throw registryErrors.VERSION_NOT_FOUND(name, version)
  const files = Object.entries(JSON.parse(row.files) as VersionFiles).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...fields,
    signature: row.signature === null ? null : (JSON.parse(row.signature) as ModelSignatureInfo),
    artifactDigest: row.artifact_digest,
    files: files.map(([path, file]): ArtifactEntry => ({ path, isDirectory: false, ...file })),
    evidence: await readEvidence(db, project, name, version),
    policy: policyOf(model),
  }
}

/** The public form of models, in their order. */
export async function presentModels(
  db: Reader,
  project: string,
  models: readonly ModelTable[],
): Promise<RegisteredModel[]> {
  if (models.length === 0) return []
  const names = models.map((model) => model.name)
  const tags = await db
    .selectFrom('model_tag')
    .selectAll()
    .where('project_id', '=', project)
    .where('model', 'in', names)
    .execute()
  const aliases = await db
    .selectFrom('model_alias')
    .selectAll()
    .where('project_id', '=', project)
    .where('model', 'in', names)
    .orderBy('alias')
    .execute()
  const counted = db
    .selectFrom('model_version')
    .select(['project_id', 'model', (e) => e.fn.countAll<number>().as('n'), (e) => e.fn.max('version').as('newest')])
    .where('project_id', '=', project)
    .where('model', 'in', names)
    .where('deleted_at', 'is', null)
    .groupBy(['project_id', 'model'])
  // Each newest version by its key: asked for with OR, SQLite goes through all versions of the project.
  const latest = await db
    .selectFrom(counted.as('c'))
    .innerJoin('model_version as v', (join) =>
      join
        .onRef('v.project_id', '=', 'c.project_id')
        .onRef('v.model', '=', 'c.model')
        .onRef('v.version', '=', 'c.newest'),
    )
    .selectAll('v')
    .select('c.n')
    .execute()
  const counts = new Map(latest.map((row) => [row.model, row.n]))
  const tagged = Map.groupBy(tags, (tag) => tag.model)
  const aliased = Map.groupBy(aliases, (alias) => alias.model)
  const rows = new Map((await presentVersions(db, project, latest)).map((row) => [row.model, row]))
  return models.map((model) => ({
    name: model.name,
    urn: modelUrn(project, model.name),
    description: model.description,
    tags: tagsOf(tagged.get(model.name)),
    aliases: (aliased.get(model.name) ?? []).map(({ alias, version }) => ({ alias, version })),
    policy: policyOf(model),
    createdAt: model.created_at,
    updatedAt: model.updated_at,
    versions: Number(counts.get(model.name) ?? 0),
    latest: rows.get(model.name) ?? null,
  }))
}
