import { asReader } from '../../../kernel/db/index.ts'
import { requirePermission, type Scope } from '../../../kernel/principal/index.ts'
import { resolveParameters } from '../definition/parameter-value.ts'
import { pipelineErrors } from '../errors.ts'
import { unreadyData } from '../triggers/unready-data.ts'
import { createRun } from './create-run.ts'
import type { Engine } from './engine.ts'
import { loadVersion } from './load-version.ts'
import { secretReferences } from './names-secrets.ts'
import { runsCode } from './runs-code.ts'
import { normalPriority } from './step-states.ts'

/** Starts a run by hand, at the event time that the project stands at. */
export async function startRun(
  engine: Engine,
  scope: Scope,
  input: {
    pipeline: string
    version?: number
    params?: Readonly<Record<string, unknown>>
    holdsEventTime?: boolean
    priority?: number
  },
): Promise<string> {
  const { db, watermark } = engine
  const version = await loadVersion(db.read, scope.project, input.pipeline, input.version)
  if (runsCode(engine, version.definition)) requirePermission(scope, 'code:execute')
  if (secretReferences(version.definition).length > 0) requirePermission(scope, 'secret:use')
  const params = resolveParameters({ name: input.pipeline, params: version.definition.params }, input.params ?? {})
  return db.write.transaction().execute(async (trx) => {
    const { at } = await watermark.read(asReader(trx), scope.project)
    const { reason } = await unreadyData(asReader(trx), scope.project, version.definition.requires ?? [], at)
    if (reason !== undefined) throw pipelineErrors.DATA_NOT_READY(input.pipeline, reason)
    return createRun(trx, engine, {
      project: scope.project,
      version,
      params,
      asOf: at,
      holdsEventTime: input.holdsEventTime ?? false,
      priority: input.priority ?? normalPriority,
      startedBy: scope.principal.onBehalfOf ?? scope.principal.id,
      cause: { kind: 'manual', trigger: null, summary: 'Started by hand.', refs: [] },
    })
  })
}
