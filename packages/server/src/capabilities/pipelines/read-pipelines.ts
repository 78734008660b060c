import type { PipelineDefinition, PipelineDetail, PipelineSummary, PipelineVersion } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { pipelineErrors } from './errors.ts'
import { requireVersion } from './runs/load-version.ts'
import { presentRuns } from './runs/read-runs.ts'
import type { PipelineVersionTable } from './tables.ts'

/** Versions with the names of who saved them. */
export async function presentVersions(
  db: Reader,
  rows: readonly Pick<
    PipelineVersionTable,
    'project_id' | 'pipeline' | 'version' | 'digest' | 'created_at' | 'created_by'
  >[],
): Promise<PipelineVersion[]> {
  const ids = [...new Set(rows.map((row) => row.created_by))]
  const people = new Map(
    (ids.length === 0
      ? []
      : await db.selectFrom('principal').select(['id', 'name']).where('id', 'in', ids).execute()
    ).map((p) => [p.id, p.name]),
  )
  return rows.map((row) => ({
    version: row.version,
    urn: urn(row.project_id, 'pipeline', row.pipeline, row.version),
    digest: row.digest,
    createdAt: row.created_at,
    createdBy: row.created_by,
    createdByName: people.get(row.created_by) ?? row.created_by,
  }))
}

const recentRuns = 10

/** Every pipeline with its newest runs. */
export async function listPipelines(db: Reader, scope: Scope): Promise<PipelineSummary[]> {
  const rows = await db
    .selectFrom('pipeline')
    .innerJoin('pipeline_version', (j) =>
      j
        .onRef('pipeline_version.project_id', '=', 'pipeline.project_id')
        .onRef('pipeline_version.pipeline', '=', 'pipeline.name')
        .onRef('pipeline_version.version', '=', 'pipeline.latest_version'),
    )
    .selectAll('pipeline_version')
    .select('pipeline.description')
    .where('pipeline.project_id', '=', scope.project)
    .orderBy('pipeline.name')
    .execute()
  const versions = await presentVersions(db, rows)
  return Promise.all(
    rows.map(async (row, index) => {
      const definition = JSON.parse(row.definition) as PipelineDefinition
      const runs = await db
        .selectFrom('pipeline_run')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('pipeline', '=', row.pipeline)
        .orderBy('id', 'desc')
        .limit(recentRuns)
        .execute()
      return {
        name: row.pipeline,
        urn: urn(scope.project, 'pipeline', row.pipeline),
        description: row.description,
        latest: versions[index] as PipelineVersion,
        steps: definition.steps.map(({ name, kind }) => ({ name, kind })),
        triggers: definition.triggers.map((trigger) => trigger.name),
        recentRuns: await presentRuns(db, runs),
      }
    }),
  )
}

/** One version of a pipeline, the newest without a number. */
export async function readPipeline(db: Reader, scope: Scope, name: string, version?: number): Promise<PipelineDetail> {
  const row = await requireVersion(db, scope.project, name, version)
  const pipeline = await db
    .selectFrom('pipeline')
    .select(['description', 'latest_version'])
    .where('project_id', '=', scope.project)
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  const [presented] = await presentVersions(db, [row])
  if (!presented) throw pipelineErrors.PIPELINE_NOT_FOUND(name)
  return {
    name,
    description: pipeline.description,
    ...presented,
    latestVersion: pipeline.latest_version,
    definition: JSON.parse(row.definition) as PipelineDefinition,
    yaml: row.yaml,
    files: JSON.parse(row.files) as PipelineDetail['files'],
  }
}

/** Every version of a pipeline, newest first. */
export async function listVersions(db: Reader, scope: Scope, name: string): Promise<PipelineVersion[]> {
  await requireVersion(db, scope.project, name)
  const rows = await db
    .selectFrom('pipeline_version')
    .select(['project_id', 'pipeline', 'version', 'digest', 'created_at', 'created_by'])
    .where('project_id', '=', scope.project)
    .where('pipeline', '=', name)
    .orderBy('version', 'desc')
    .execute()
  return presentVersions(db, rows)
}
