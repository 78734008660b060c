import { Type, type Static } from 'typebox'

const text = (maxLength: number) => Type.String({ maxLength })
const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$', description: 'An id of the source.' })
const Tags = Type.Record(Type.String({ maxLength: 1000 }), text(100_000))
const Time = Type.Union([
  Type.Integer({ minimum: -8_640_000_000_000_000, maximum: 8_640_000_000_000_000 }),
  Type.Null(),
])
const Step = Type.Integer({ minimum: -9_007_199_254_740_991, maximum: 9_007_199_254_740_991 })
const Lifecycle = Type.Union([Type.Literal('active'), Type.Literal('deleted')])
const strict = { additionalProperties: false } as const

/** An experiment of another tracker, with its times. */
export const ImportedExperiment = Type.Object(
  {
    id: Id,
    name: Type.String({ minLength: 1, maxLength: 500 }),
    lifecycle: Lifecycle,
    createdAt: Time,
    updatedAt: Time,
    tags: Tags,
  },
  strict,
)
export type ImportedExperiment = Static<typeof ImportedExperiment>

/** A dataset that a run of another tracker read. */
export const ImportedDataset = Type.Object(
  {
    name: text(500),
    digest: text(500),
    sourceType: text(1000),
    source: text(1_000_000),
    schema: Type.Union([text(4_000_000), Type.Null()]),
    profile: Type.Union([text(4_000_000), Type.Null()]),
    tags: Type.Array(Type.Object({ key: text(500), value: text(5000) }, strict), { maxItems: 100 }),
  },
  strict,
)

/** A run of another tracker, without its metrics. Ids of experiments are those of the source. */
export const ImportedRun = Type.Object(
  {
    id: Id,
    experiment: Id,
    name: text(1000),
    user: text(500),
    status: Type.Union([
      Type.Literal('RUNNING'),
      Type.Literal('SCHEDULED'),
      Type.Literal('FINISHED'),
      Type.Literal('FAILED'),
      Type.Literal('KILLED'),
    ]),
    lifecycle: Lifecycle,
    startTime: Time,
    endTime: Time,
    params: Tags,
    tags: Tags,
    datasets: Type.Array(ImportedDataset, { maxItems: 1000 }),
    models: Type.Array(
      Type.Object(
        {
          direction: Type.Union([Type.Literal('input'), Type.Literal('output')]),
          model: Id,
          step: Step,
        },
        strict,
      ),
      { maxItems: 1000 },
    ),
  },
  strict,
)
export type ImportedRun = Static<typeof ImportedRun>

/** Points of one metric of one run, as columns: NaN is null, infinities are the greatest numbers, as MLflow stores them. */
export const ImportedSeries = Type.Object(
  {
    run: Id,
    key: Type.String({ minLength: 1, maxLength: 1000 }),
    steps: Type.Array(Step),
    timestamps: Type.Array(Step),
    values: Type.Array(Type.Union([Type.Number(), Type.Null()])),
  },
  strict,
)
export type ImportedSeries = Static<typeof ImportedSeries>

/** A model that a run of MLflow 3 logged. */
export const ImportedLoggedModel = Type.Object(
  {
    id: Id,
    experiment: Id,
    name: text(500),
    status: Type.Union([Type.Literal('PENDING'), Type.Literal('READY'), Type.Literal('UPLOAD_FAILED')]),
    lifecycle: Lifecycle,
    modelType: text(500),
    sourceRun: Type.Union([Id, Type.Null()]),
    createdAt: Time,
    updatedAt: Time,
    params: Tags,
    tags: Tags,
    metrics: Type.Array(
      Type.Object(
        {
          key: text(1000),
          run: Id,
          dataset: text(500),
          digest: text(500),
          value: Type.Union([Type.Number(), Type.Null()]),
          step: Step,
          timestamp: Step,
        },
        strict,
      ),
      { maxItems: 200_000 },
    ),
  },
  strict,
)
export type ImportedLoggedModel = Static<typeof ImportedLoggedModel>

/** A version of a registered model. `files` names the run or logged model whose directory it is; null where the source keeps them elsewhere. */
export const ImportedVersion = Type.Object(
  {
    version: Type.Integer({ minimum: 1, maximum: 999_999_999 }),
    description: text(100_000),
    stage: text(100),
    state: Type.Union([Type.Literal('pending'), Type.Literal('ready'), Type.Literal('failed')]),
    source: text(10_000),
    run: Type.Union([Id, Type.Null()]),
    runLink: text(10_000),
    loggedModel: Type.Union([Id, Type.Null()]),
    createdAt: Time,
    updatedAt: Time,
    tags: Tags,
    files: Type.Union([
      Type.Object(
        {
          owner: Type.Union([Type.Literal('run'), Type.Literal('logged-model')]),
          id: Id,
          path: text(1000),
        },
        strict,
      ),
      Type.Null(),
    ]),
  },
  strict,
)
export type ImportedVersion = Static<typeof ImportedVersion>

/** A registered model with some of its versions. */
export const ImportedModel = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 256 }),
    description: text(100_000),
    createdAt: Time,
    updatedAt: Time,
    tags: Tags,
    aliases: Type.Record(Type.String({ maxLength: 255 }), Type.Integer({ minimum: 1 })),
    /** The greatest number that a version ever had, deleted ones too. */
    lastVersion: Type.Integer({ minimum: 0, maximum: 999_999_999 }),
    versions: Type.Array(ImportedVersion, { maxItems: 1000 }),
  },
  strict,
)
export type ImportedModel = Static<typeof ImportedModel>

/** JSON text with sorted keys: equal content has equal text, whoever writes it. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonicalText(one)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** A run with its lists in a fixed order and without the id of the experiment, which may change on the way. */
export function canonicalRun(run: ImportedRun): string {
  const { experiment: _, ...rest } = run
  const byText = <T>(list: readonly T[]): string[] => list.map(canonicalText).toSorted()
  return canonicalText({
    ...rest,
    datasets: byText(rest.datasets.map((one) => ({ ...one, tags: byText(one.tags) }))),
    models: byText(rest.models),
  })
}

/** The text of a series: a line of key and number of points, then the points. They have to be sorted by step, timestamp, NaN last, value; without duplicates. */
export function canonicalSeries(
  key: string,
  points: readonly (readonly [step: number, timestamp: number, value: number | null])[],
): string {
  let lines = `${JSON.stringify(key)} ${points.length}\n`
  for (const [step, timestamp, value] of points) lines += `${step} ${timestamp} ${value}\n`
  return lines
}
