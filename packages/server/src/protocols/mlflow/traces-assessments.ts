import type { Traces } from '../../capabilities/traces/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { rpc } from './rpc.ts'
import { assessmentShape, readAssessment, readMap, readTraceId, readValue } from './trace-shapes.ts'

const changeable = ['assessment_name', 'expectation', 'feedback', 'rationale', 'metadata', 'valid']

/** traces/ID/assessments: what people and programs say of a trace. */
export function traceAssessmentCalls(app: Http, traces: Traces): void {
  rpc(app, 'POST', 'traces/:trace_id/assessments', 'run:write', async ({ args, scope }) => {
    const assessment = args.object('assessment')
    if (!assessment) throw mlflowErrors.MISSING('assessment')
    const made = await traces.createAssessment(scope, readTraceId(args, 'trace_id'), readAssessment(assessment))
    return { assessment: assessmentShape(made) }
  })
  rpc(app, 'GET', 'traces/:trace_id/assessments/:assessment_id', 'run:read', async ({ args, scope }) => ({
    assessment: assessmentShape(
      await traces.requireAssessment(scope, readTraceId(args, 'trace_id'), args.required('assessment_id')),
    ),
  }))
  rpc(app, 'PATCH', 'traces/:trace_id/assessments/:assessment_id', 'run:write', async ({ args, scope }) => {
    const assessment = args.object('assessment')
    if (!assessment) throw mlflowErrors.MISSING('assessment')
    const mask = maskOf(args)
    const value = readValue(assessment)
    if (mask.has('feedback') && mask.has('expectation'))
      throw mlflowErrors.INVALID('Cannot specify both `expectation` and `feedback` parameters.')
    const wanted = mask.has('feedback') ? 'feedback' : mask.has('expectation') ? 'expectation' : undefined
    if (wanted !== undefined && value?.kind !== wanted) throw mlflowErrors.MISSING(`assessment.${wanted}`)
    const changed = await traces.updateAssessment(
      scope,
      readTraceId(args, 'trace_id'),
      args.required('assessment_id'),
      {
        ...(mask.has('assessment_name') ? { name: assessment.required('assessment_name').slice(0, 250) } : {}),
        ...(wanted === undefined || !value ? {} : { kind: wanted, value: value.value, error: value.error }),
        ...(mask.has('rationale') ? { rationale: assessment.text('rationale') ?? '' } : {}),
        ...(mask.has('metadata') ? { metadata: readMap(assessment, 'metadata') } : {}),
        ...(mask.has('valid') ? { valid: assessment.flag('valid') ?? true } : {}),
      },
    )
    return { assessment: assessmentShape(changed) }
  })
  rpc(app, 'DELETE', 'traces/:trace_id/assessments/:assessment_id', 'run:write', ({ args, scope }) =>
    traces.deleteAssessment(scope, readTraceId(args, 'trace_id'), args.required('assessment_id')),
  )
}

/** A FieldMask: names joined by commas, in snake_case or camelCase, or as the message that it is. */
function maskOf(args: Args): Set<string> {
  const raw = args.raw('update_mask')
  const list =
    typeof raw === 'string'
      ? raw.split(',')
      : typeof raw === 'object' && raw !== null && !Array.isArray(raw)
        ? (args.object('update_mask')?.texts('paths') ?? [])
        : undefined
  const names = list?.map((name) => name.trim().replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)).filter(Boolean)
  if (!names || names.length === 0) throw mlflowErrors.MISSING('update_mask')
  const unknown = names.find((name) => !changeable.includes(name))
  if (unknown !== undefined)
    throw mlflowErrors.INVALID_VALUE('update_mask', unknown, `It names one of ${changeable.join(', ')}.`)
  return new Set(names)
}
