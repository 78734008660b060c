import { Type, type Static } from 'typebox'
import { Json, JsonObject } from './common.ts'
import { canonicalText } from './imported-content.ts'
import { TraceId, TraceState } from './traces.ts'

const text = (maxLength: number) => Type.String({ maxLength })
const textOrNull = (maxLength: number) => Type.Union([text(maxLength), Type.Null()])
const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$', description: 'An id of the source.' })
const Tags = Type.Record(Type.String({ maxLength: 1000 }), text(100_000))
const Time = Type.Integer({ minimum: -8_640_000_000_000_000, maximum: 8_640_000_000_000_000 })
const ObjectOrNull = Type.Union([JsonObject, Type.Null()])
const strict = { additionalProperties: false } as const

/** What was said of a trace of another tracker. */
export const ImportedAssessment = Type.Object(
  {
    id: Type.String({ pattern: '^[a-zA-Z0-9][\\w.:-]{0,255}$' }),
    name: text(1000),
    kind: Type.Union([Type.Literal('feedback'), Type.Literal('expectation')]),
    value: Json,
    error: ObjectOrNull,
    sourceType: text(100),
    sourceId: text(1000),
    spanId: textOrNull(100),
    rationale: textOrNull(1_000_000),
    metadata: Tags,
    overrides: textOrNull(256),
    valid: Type.Boolean(),
    createdAt: Time,
    updatedAt: Time,
  },
  strict,
)
export type ImportedAssessment = Static<typeof ImportedAssessment>

/** A trace of another tracker with everything that belongs to it. Spans are those of OTLP in protobuf's JSON: ids are base64, 64-bit numbers are text. */
export const ImportedTrace = Type.Object(
  {
    id: TraceId,
    experiment: Id,
    startedAt: Time,
    durationMs: Type.Union([Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 }), Type.Null()]),
    state: TraceState,
    clientRequestId: textOrNull(1000),
    requestPreview: textOrNull(100_000),
    responsePreview: textOrNull(100_000),
    tags: Tags,
    metadata: Tags,
    runs: Type.Array(Id, { maxItems: 1000, description: 'Runs that it was linked to.' }),
    assessments: Type.Array(ImportedAssessment, { maxItems: 10_000 }),
    spans: Type.Array(JsonObject, { maxItems: 20_000 }),
  },
  strict,
)
export type ImportedTrace = Static<typeof ImportedTrace>

/** An evaluation dataset of another tracker; sending it takes its records away, which are sent after it. */
export const ImportedEvaluationSet = Type.Object(
  {
    id: Id,
    name: Type.String({ minLength: 1, maxLength: 1000 }),
    digest: text(500),
    schema: textOrNull(4_000_000),
    profile: textOrNull(4_000_000),
    createdAt: Time,
    updatedAt: Time,
    createdBy: textOrNull(1000),
    updatedBy: textOrNull(1000),
    tags: Tags,
    experiments: Type.Array(Id, { maxItems: 1000 }),
  },
  strict,
)
export type ImportedEvaluationSet = Static<typeof ImportedEvaluationSet>

/** A record of an evaluation dataset: inputs with what is expected of them. */
export const ImportedEvaluationRecord = Type.Object(
  {
    set: Id,
    id: Id,
    inputs: JsonObject,
    outputs: Json,
    expectations: ObjectOrNull,
    tags: ObjectOrNull,
    source: Type.Union([Type.Object({ source_type: text(100), source_data: JsonObject }, strict), Type.Null()]),
    createdAt: Time,
    updatedAt: Time,
    createdBy: textOrNull(1000),
    updatedBy: textOrNull(1000),
  },
  strict,
)
export type ImportedEvaluationRecord = Static<typeof ImportedEvaluationRecord>

/** Tags that say where a server keeps the spans and files of a trace: each server has its own. */
export const traceLocationTags = ['mlflow.trace.spansLocation', 'mlflow.artifactLocation'] as const

/** Tokens of a trace: counted from its spans where nobody told them. */
const countedMetadata = 'mlflow.trace.tokenUsage'

/** The text of a trace: its lists in a fixed order, without what changes on the way (the experiment's id, and where its spans lie) or follows from the rest (its tokens). */
export function canonicalTrace(trace: ImportedTrace): string {
  const { experiment: _, spans, assessments, runs, tags, metadata, ...rest } = trace
  const { [countedMetadata]: _tokens, ...told } = metadata
  const kept = Object.entries(tags).filter(([key]) => !traceLocationTags.some((own) => own === key))
  const byText = (list: readonly unknown[]): string[] => list.map(canonicalText).toSorted()
  return canonicalText({
    ...rest,
    tags: Object.fromEntries(kept),
    metadata: told,
    runs: runs.toSorted(),
    assessments: byText(assessments),
    spans: byText(spans),
  })
}

/** The text of an evaluation dataset: without the ids of its experiments, which may change on the way, and its records one a line, by id. */
export function canonicalEvaluationSet(
  set: ImportedEvaluationSet,
  records: readonly ImportedEvaluationRecord[],
): string {
  const { experiments: _, ...rest } = set
  const lines = records.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(canonicalText)
  return [canonicalText(rest), ...lines].join('\n')
}
