import { stat } from 'node:fs/promises'
import type { PipelineDefinition, PipelineVersion } from '@trivium/contract'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { digestOf, urn } from '../../kernel/ids/index.ts'
import { requirePermission, type Scope } from '../../kernel/principal/index.ts'
import { parseDefinition } from './definition/parse-definition.ts'
import { pipelineErrors } from './errors.ts'
import { presentVersions } from './read-pipelines.ts'
import type { Engine } from './runs/engine.ts'
import { secretReferences } from './runs/names-secrets.ts'
import { runsCode } from './runs/runs-code.ts'
import type { PipelineVersionTable } from './tables.ts'
import { replaceTriggers } from './triggers/replace-triggers.ts'

/** A definition as it is sent: YAML, and its files by digest, uploaded before. */
export interface SavePipelineInput {
  readonly pipeline: string
  readonly yaml: string
  readonly path?: string
  readonly files: Readonly<Record<string, string>>
}

/** Checks a definition and keeps it as the next version, or finds the newest version that is the same. Event `pipeline.defined`. */
export async function savePipeline(
  engine: Engine,
  scope: Scope,
  input: SavePipelineInput,
): Promise<PipelineVersion & { name: string; created: boolean }> {
  const { db } = engine
  const prepared = await prepareSave(engine, scope, input)
  const saved = await db.write.transaction().execute((trx) => recordSave(trx, engine, scope, prepared))
  const [version] = await presentVersions(db.read, [saved.row])
  if (!version) throw pipelineErrors.PIPELINE_NOT_FOUND(input.pipeline)
  return { ...version, name: input.pipeline, created: saved.created }
}

/** A definition that was checked, with the files that it needs. */
export interface PreparedSave {
  readonly yaml: string
  readonly definition: PipelineDefinition
  readonly kept: Readonly<Record<string, { digest: string; size: number }>>
}

/** Checks a definition and that its files are here. */
export async function prepareSave(
  { kinds, blobs, secrets }: Pick<Engine, 'kinds' | 'blobs' | 'secrets'>,
  scope: Scope,
  input: SavePipelineInput,
): Promise<PreparedSave> {
  const { project } = scope
  const { definition, bundle } = parseDefinition({
    yaml: input.yaml,
    path: input.path ?? 'pipeline.yaml',
    files: input.files,
    kinds,
    secrets: await secrets.names(project),
  })
  if (definition.name !== input.pipeline) throw pipelineErrors.NOT_SAVED_AS(input.pipeline, definition.name)
  if (runsCode({ kinds }, definition)) requirePermission(scope, 'code:execute')
  // Whoever writes the code decides what becomes of the secret.
  if (secretReferences(definition).length > 0) requirePermission(scope, 'secret:use')
  const lock = definition.environment
  const kept = await sizesOf(blobs, project, { ...bundle, ...(lock ? { [lock.lock]: lock.digest } : {}) })
  return { yaml: input.yaml, definition, kept }
}

/** Keeps a checked definition as the next version, or finds the newest that is the same. Event `pipeline.defined`. */
export async function recordSave(
  trx: Trx,
  { clock, events, watermark }: Pick<Engine, 'clock' | 'events' | 'watermark'>,
  scope: Scope,
  { yaml, definition, kept }: PreparedSave,
): Promise<{ row: PipelineVersionTable; created: boolean }> {
  const { project } = scope
  const digest = digestOf(definition)
  const by = scope.principal.onBehalfOf ?? scope.principal.id
  const now = clock()
  await trx
    .insertInto('pipeline')
    .values({
      project_id: project,
      name: definition.name,
      description: definition.description,
      latest_version: 0,
      created_at: now,
      created_by: by,
    })
    .onConflict((c) => c.columns(['project_id', 'name']).doNothing())
    .execute()
  // Updating the row holds it: two who save at once get two numbers.
  const { latest_version: latest } = await trx
    .updateTable('pipeline')
    .set({ description: definition.description })
    .where('project_id', '=', project)
    .where('name', '=', definition.name)
    .returning('latest_version')
    .executeTakeFirstOrThrow()
  const newest = await trx
    .selectFrom('pipeline_version')
    .selectAll()
    .where('project_id', '=', project)
    .where('pipeline', '=', definition.name)
    .where('version', '=', latest)
    .executeTakeFirst()
  if (newest?.digest === digest) return { row: newest, created: false }
  const row = {
    project_id: project,
    pipeline: definition.name,
    version: latest + 1,
    digest,
    yaml,
    definition: JSON.stringify(definition),
    files: JSON.stringify(kept),
    created_at: now,
    created_by: by,
  }
  await trx.insertInto('pipeline_version').values(row).execute()
  await trx
    .updateTable('pipeline')
    .set({ latest_version: row.version })
    .where('project_id', '=', project)
    .where('name', '=', definition.name)
    .execute()
  const subject = urn(project, 'pipeline', definition.name, row.version)
  for (const file of Object.values(kept))
    await addBlobRef(trx, { project, digest: file.digest, owner: subject, size: file.size, at: now })
  await replaceTriggers(trx, {
    project,
    pipeline: definition.name,
    triggers: definition.triggers,
    eventTime: (await watermark.read(asReader(trx), project)).at,
  })
  await events.append(trx, {
    project,
    name: 'pipeline.defined',
    schema: 1,
    by,
    subject,
    refs: [
      { rel: 'input', urn: urn(project, 'code', definition.codeDigest), as: 'code' },
      ...(newest
        ? [
            {
              rel: 'input' as const,
              urn: urn(project, 'pipeline', definition.name, newest.version),
              as: 'version-before',
            },
          ]
        : []),
    ],
    data: {
      version: row.version,
      digest,
      steps: definition.steps.length,
      pipeline: definition.name,
      codeChanged: newest !== undefined && codeOf(newest.definition) !== definition.codeDigest,
      triggers: definition.triggers.map((trigger) => trigger.name),
    },
  })
  return { row, created: true }
}

const codeOf = (definition: string): string => (JSON.parse(definition) as PipelineDefinition).codeDigest

/** The files with their sizes. Throws PIPELINES.MISSING_FILES for what was not uploaded. */
async function sizesOf(
  blobs: Engine['blobs'],
  project: string,
  files: Readonly<Record<string, string>>,
): Promise<Record<string, { digest: string; size: number }>> {
  const missing: string[] = []
  const kept: Record<string, { digest: string; size: number }> = {}
  for (const [path, digest] of Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (await blobs.has(project, digest))
      kept[path] = { digest, size: (await stat(await blobs.localPath(project, digest))).size }
    else missing.push(path)
  }
  if (missing.length > 0) throw pipelineErrors.MISSING_FILES(missing.slice(0, 20).join(', '))
  return kept
}
