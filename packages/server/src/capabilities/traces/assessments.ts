import { randomBytes } from 'node:crypto'
import { asReader, isUniqueViolation, type Trx } from '../../kernel/db/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { traceErrors } from './errors.ts'
import { heldTraces, type TraceDeps } from './log-spans.ts'
import type { TraceAssessmentTable } from './tables.ts'

/** What somebody says about a trace: how good it was (feedback), or what it should have been (expectation). Values are JSON. */
export interface NewAssessment {
  readonly id?: string
  readonly name: string
  readonly kind: 'feedback' | 'expectation'
  readonly value: unknown
  readonly error: object | null
  readonly sourceType: string
  readonly sourceId: string
  readonly spanId: string | null
  readonly rationale: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly overrides: string | null
  readonly valid: boolean
  readonly createdAt?: number
  readonly updatedAt?: number
}

export interface AssessmentChange {
  readonly name?: string
  readonly value?: unknown
  readonly error?: object | null
  /** What the new value is of; another kind than before is refused. */
  readonly kind?: 'feedback' | 'expectation'
  readonly rationale?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly valid?: boolean
}

/** Numbers are compared as numbers; yes and no as 1 and 0. */
function numberOf(value: unknown): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

export async function createAssessment(
  deps: TraceDeps,
  scope: Scope,
  trace: string,
  input: NewAssessment,
): Promise<TraceAssessmentTable> {
  return deps.db.write.transaction().execute(async (trx) => {
    if ((await heldTraces(deps.db, trx, scope.project, [trace])).length === 0) throw traceErrors.TRACE_NOT_FOUND(trace)
    return insertAssessment(trx, scope, trace, input, deps.clock())
  })
}

/** Adds an assessment; the one that it overrides is valid no more. One that is there already, with the same id, is replaced. */
export async function insertAssessment(
  trx: Trx,
  scope: Scope,
  trace: string,
  input: NewAssessment,
  now: number,
): Promise<TraceAssessmentTable> {
  const { project } = scope
  if (input.overrides !== null) {
    const changed = await trx
      .updateTable('trace_assessment')
      .set({ valid: 0 })
      .where('project_id', '=', project)
      .where('trace_id', '=', trace)
      .where('id', '=', input.overrides)
      .executeTakeFirst()
    if (changed.numUpdatedRows === 0n) throw traceErrors.ASSESSMENT_NOT_FOUND(input.overrides, trace)
  }
  const row = assessmentRow(project, trace, {
    ...input,
    id: input.id ?? `a-${randomBytes(16).toString('hex')}`,
    createdAt: input.createdAt ?? now,
    updatedAt: input.updatedAt ?? now,
  })
  await trx
    .deleteFrom('trace_assessment')
    .where('project_id', '=', project)
    .where('trace_id', '=', trace)
    .where('id', '=', row.id)
    .execute()
  try {
    await trx.insertInto('trace_assessment').values(row).execute()
  } catch (error) {
    if (isUniqueViolation(error))
      throw traceErrors.INVALID(`The assessment ${row.id} is being written by somebody else.`)
    throw error
  }
  return row
}

/** The row of an assessment that is complete. */
export const assessmentRow = (
  project: string,
  trace: string,
  one: NewAssessment & Required<Pick<NewAssessment, 'id' | 'createdAt' | 'updatedAt'>>,
): TraceAssessmentTable => ({
  project_id: project,
  trace_id: trace,
  id: one.id,
  name: one.name,
  kind: one.kind,
  value: one.value === undefined ? null : JSON.stringify(one.value),
  number: numberOf(one.value),
  error: one.error === null ? null : JSON.stringify(one.error),
  source_type: one.sourceType,
  source_id: one.sourceId,
  span_id: one.spanId,
  rationale: one.rationale,
  metadata: JSON.stringify(one.metadata),
  overrides: one.overrides,
  valid: one.valid ? 1 : 0,
  created_at: one.createdAt,
  updated_at: one.updatedAt,
})

export async function requireAssessment(
  deps: Pick<TraceDeps, 'db'>,
  scope: Scope,
  trace: string,
  id: string,
  db = deps.db.read,
): Promise<TraceAssessmentTable> {
  const row = await db
    .selectFrom('trace_assessment')
    .selectAll()
    .where('project_id', '=', scope.project)
    .where('trace_id', '=', trace)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row) return row
  const known = await db
    .selectFrom('trace')
    .select('id')
    .where('project_id', '=', scope.project)
    .where('id', '=', trace)
    .executeTakeFirst()
  throw known ? traceErrors.ASSESSMENT_NOT_FOUND(id, trace) : traceErrors.TRACE_NOT_FOUND(trace)
}

/** Changes what may change: not who said it, nor of which span. Metadata is added to what is there. */
export async function updateAssessment(
  deps: TraceDeps,
  scope: Scope,
  trace: string,
  id: string,
  change: AssessmentChange,
): Promise<TraceAssessmentTable> {
  return deps.db.write.transaction().execute(async (trx) => {
    await heldTraces(deps.db, trx, scope.project, [trace])
    const before = await requireAssessment(deps, scope, trace, id, asReader(trx))
    if (change.kind !== undefined && change.kind !== before.kind)
      throw traceErrors.INVALID(
        change.kind === 'expectation'
          ? 'Cannot update expectation value on a Feedback assessment.'
          : 'Cannot update feedback value on an Expectation assessment.',
      )
    const next: TraceAssessmentTable = {
      ...before,
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.kind === undefined
        ? {}
        : {
            value: change.value === undefined ? null : JSON.stringify(change.value),
            number: numberOf(change.value),
            error: change.error ? JSON.stringify(change.error) : null,
          }),
      ...(change.rationale === undefined ? {} : { rationale: change.rationale }),
      ...(change.metadata === undefined
        ? {}
        : { metadata: JSON.stringify({ ...(JSON.parse(before.metadata) as object), ...change.metadata }) }),
      ...(change.valid === undefined ? {} : { valid: change.valid ? 1 : 0 }),
      updated_at: deps.clock(),
    }
    const { project_id: _project, trace_id: _trace, id: _id, ...fields } = next
    await trx
      .updateTable('trace_assessment')
      .set(fields)
      .where('project_id', '=', scope.project)
      .where('trace_id', '=', trace)
      .where('id', '=', id)
      .execute()
    return next
  })
}

/** Removes an assessment; the one that it overrode is valid again. Removing what is not there does nothing. */
export async function deleteAssessment(deps: TraceDeps, scope: Scope, trace: string, id: string): Promise<void> {
  const { project } = scope
  await deps.db.write.transaction().execute(async (trx) => {
    if ((await heldTraces(deps.db, trx, project, [trace])).length === 0) throw traceErrors.TRACE_NOT_FOUND(trace)
    const gone = await trx
      .deleteFrom('trace_assessment')
      .where('project_id', '=', project)
      .where('trace_id', '=', trace)
      .where('id', '=', id)
      .returning('overrides')
      .executeTakeFirst()
    if (!gone?.overrides) return
    await trx
      .updateTable('trace_assessment')
      .set({ valid: 1 })
      .where('project_id', '=', project)
      .where('trace_id', '=', trace)
      .where('id', '=', gone.overrides)
      .execute()
  })
}
