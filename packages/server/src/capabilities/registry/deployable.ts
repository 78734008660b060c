import type { ModelSignatureInfo } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { VersionFiles } from './describe-files.ts'
import { registryErrors } from './errors.ts'
import { brokenEvidence } from './evidence.ts'
import { findModel, missingFor, requireModel, requireVersion, versionUrn } from './read-models.ts'
import { withoutCriteria } from './promotion.ts'
import type { ModelVersionTable } from './tables.ts'

/** A model version that nothing keeps from being deployed. */
export interface DeployableVersion {
  readonly urn: string
  readonly model: string
  readonly version: number
  /** SHA-256 over the names and digests of its files. */
  readonly digest: string
  readonly files: VersionFiles
  readonly onnxPath: string | undefined
  readonly signature: ModelSignatureInfo | null
  readonly tags: Readonly<Record<string, string>>
  /** Digests of the evidence records that it carries. */
  readonly evidence: readonly string[]
}

/** Reads `MODEL@ALIAS`, `MODEL@3` or `MODEL/3`. */
export function parseReference(text: string): { model: string; alias: string } | { model: string; version: number } {
  const slash = /^(.+)\/(\d{1,9})$/.exec(text)
  if (slash) return { model: slash[1] ?? '', version: Number(slash[2]) }
  const at = /^(.+)@([\w-]+)$/.exec(text)
  if (!at) throw registryErrors.BAD_REFERENCE(text.slice(0, 300))
  const [, model = '', name = ''] = at
  return /^\d{1,9}$/.test(name) ? { model, version: Number(name) } : { model, alias: name }
}

/** The version that a reference names; undefined when there is none (yet). */
export async function findByReference(
  db: Reader,
  project: string,
  reference: string,
): Promise<ModelVersionTable | undefined> {
  const parsed = parseReference(reference)
  if (!(await findModel(db, project, parsed.model))) return undefined
  const version =
    'version' in parsed
      ? parsed.version
      : (
          await db
            .selectFrom('model_alias')
            .select('version')
            .where('project_id', '=', project)
            .where('model', '=', parsed.model)
            .where('alias', '=', parsed.alias)
            .executeTakeFirst()
        )?.version
  if (version === undefined) return undefined
  return db
    .selectFrom('model_version')
    .selectAll()
    .where('project_id', '=', project)
    .where('model', '=', parsed.model)
    .where('version', '=', version)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
}

export async function requireByReference(db: Reader, project: string, reference: string): Promise<ModelVersionTable> {
  const found = await findByReference(db, project, reference)
  if (found) return found
  const parsed = parseReference(reference)
  await requireModel(db, project, parsed.model)
  if ('version' in parsed) return requireVersion(db, project, parsed.model, parsed.version)
  throw registryErrors.REFERENCE_NOT_FOUND(parsed.model, parsed.alias)
}

/** The version behind a reference if it may be deployed; else 409 with what is missing. Its evidence is verified again. */
export async function requireDeployable(db: Reader, scope: Scope, reference: string): Promise<DeployableVersion> {
  const { project } = scope
  const row = await requireByReference(db, project, reference)
  const { model, version } = row
  const registered = await requireModel(db, project, model)
  const lacking = await withoutCriteria(db, project, [registered])
  const missing = missingFor(row, registered.approval_policy, lacking.has(model))
  if (missing.length > 0) throw registryErrors.NOT_DEPLOYABLE(model, version, missing.join(' '))
  const evidence = await db
    .selectFrom('model_evidence')
    .selectAll()
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('version', '=', version)
    .orderBy('position')
    .execute()
  const broken = brokenEvidence(evidence)
  if (broken.length > 0) throw registryErrors.EVIDENCE_BROKEN(model, version, broken.join(', '))
  const tags = await db
    .selectFrom('model_version_tag')
    .select(['key', 'value'])
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('version', '=', version)
    .execute()
  return {
    urn: versionUrn(project, model, version),
    model,
    version,
    digest: row.artifact_digest,
    files: JSON.parse(row.files) as VersionFiles,
    onnxPath: row.onnx ?? undefined,
    signature: row.signature === null ? null : (JSON.parse(row.signature) as ModelSignatureInfo),
    tags: Object.fromEntries(tags.map((tag) => [tag.key, tag.value])),
    evidence: evidence.map((e) => e.record_digest),
  }
}
