import type { PipelineRunCause, StepArtifact } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { parseUrn, urn } from '../../../kernel/ids/index.ts'
import type { Artifact } from '../../../kernel/ports/index.ts'
import { requirePermission, type Scope } from '../../../kernel/principal/index.ts'
import { pipelineErrors } from '../errors.ts'
import { createRun } from './create-run.ts'
import type { Engine } from './engine.ts'
import { loadVersion } from './load-version.ts'
import { secretReferences } from './names-secrets.ts'
import { toArtifact } from './resolve-inputs.ts'
import { runsCode } from './runs-code.ts'
import { normalPriority } from './step-states.ts'

const role = 'repeats'

/** Starts a run from the record of another: its version, parameters and event time; its steps read what those read. */
export async function repeatRun(
  engine: Engine,
  scope: Scope,
  id: string,
  { priority = normalPriority }: { priority?: number },
): Promise<string> {
  const { db } = engine
  const { project } = scope
  const row = await db.read
    .selectFrom('pipeline_run')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw pipelineErrors.RUN_NOT_FOUND(id)
  const version = await loadVersion(db.read, project, row.pipeline, row.version)
  if (runsCode(engine, version.definition)) requirePermission(scope, 'code:execute')
  if (secretReferences(version.definition).length > 0) requirePermission(scope, 'secret:use')
  return db.write.transaction().execute((trx) =>
    createRun(trx, engine, {
      project,
      version,
      params: JSON.parse(row.params) as Record<string, unknown>,
      asOf: row.as_of,
      holdsEventTime: false,
      priority,
      startedBy: scope.principal.onBehalfOf ?? scope.principal.id,
      cause: {
        kind: 'manual',
        trigger: null,
        summary: `Repeats ${id} from its record.`,
        refs: [{ rel: 'input', urn: urn(project, 'pipeline-run', id), as: role }],
      },
    }),
  )
}

/** The run that this one repeats. */
export async function repeatedRun(db: Reader, project: string, run: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('pipeline_run')
    .select('cause')
    .where('project_id', '=', project)
    .where('id', '=', run)
    .executeTakeFirst()
  const ref = row && (JSON.parse(row.cause) as PipelineRunCause).refs.find((one) => one.as === role)
  return ref && parseUrn(ref.urn)?.id
}

/** What a step of a run read from outside of it, by name, so that a run that repeats it reads the same. */
export async function recordedInputs(
  db: Reader,
  project: string,
  run: string,
  step: string,
): Promise<ReadonlyMap<string, Artifact>> {
  const row = await db
    .selectFrom('pipeline_step')
    .select('inputs')
    .where('project_id', '=', project)
    .where('run_id', '=', run)
    .where('name', '=', step)
    .executeTakeFirst()
  const inputs = row ? (JSON.parse(row.inputs) as StepArtifact[]) : []
  return new Map(inputs.filter((one) => !one.reference?.startsWith('steps.')).map((one) => [one.name, toArtifact(one)]))
}
