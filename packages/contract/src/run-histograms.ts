import { type Static, Type } from 'typebox'
import { Problem, ProjectName } from './common.ts'
import { route } from './route.ts'
import { RunId } from './tracking.ts'

const RunParams = Type.Object({ project: ProjectName, run: RunId })
const Key = Type.String({ minLength: 1, maxLength: 250, pattern: '^[^\\u0000-\\u001f\\u007f]+$' })
const Whole = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
const OrNull = (description: string) => Type.Union([Type.Number(), Type.Null()], { description })

/** How the values of a tensor, or of predictions, were spread at one moment. Bin i holds what lies from edge i to edge i + 1. */
export const Histogram = Type.Object(
  {
    edges: Type.Array(Type.Number(), { minItems: 2, maxItems: 513, description: 'Ascending, one more than bins.' }),
    counts: Type.Array(Type.Number({ minimum: 0 }), { minItems: 1, maxItems: 512 }),
    count: Type.Number({ minimum: 0, description: 'Values that are numbers: the sum of the counts.' }),
    min: OrNull('null without values.'),
    max: OrNull('null without values.'),
    sum: OrNull('null where it is not known.'),
    sumSquares: OrNull('null where it is not known.'),
    nan: Type.Optional(Type.Integer({ minimum: 0, description: 'Values that are NaN; they are in no bin.' })),
    positiveInfinities: Type.Optional(Type.Integer({ minimum: 0, description: 'In no bin.' })),
    negativeInfinities: Type.Optional(Type.Integer({ minimum: 0, description: 'In no bin.' })),
  },
  { additionalProperties: false },
)
export type Histogram = Static<typeof Histogram>

/** A histogram as a run logs it. */
export const HistogramPoint = Type.Object(
  {
    key: Key,
    step: Whole,
    timestamp: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Milliseconds UTC.' }),
    ...Histogram.properties,
  },
  { additionalProperties: false },
)
export type HistogramPoint = Static<typeof HistogramPoint>

/** A name under which a run logged histograms. */
export const HistogramKey = Type.Object({
  key: Type.String(),
  points: Type.Integer(),
  firstStep: Type.Integer(),
  lastStep: Type.Integer(),
  timestamp: Type.Integer({ description: 'The latest of its points.' }),
  low: OrNull('The least value of all its points.'),
  high: OrNull('The greatest value of all its points.'),
})
export type HistogramKey = Static<typeof HistogramKey>

/** Payload on the volatile channel `run.histograms`: under which keys some arrived. May drop; the page repairs itself by reading. */
export const RunHistogramsMessage = Type.Object({ run: Type.String(), keys: Type.Array(Type.String()) })
export type RunHistogramsMessage = Static<typeof RunHistogramsMessage>

/**
 * All of them or none. A histogram that is there already (key, step, timestamp and content) changes nothing, so that a request may be sent again; one that differs
 * replaces nothing and is kept beside it, as points of metrics are. A run holds histograms under 1,000 keys and 64 MB of them: what is beyond is refused (409).
 */
export const logHistograms = route({
  method: 'POST',
  url: '/api/v1/projects/:project/runs/:run/histograms',
  permission: 'run:write',
  load: 'log',
  bodyLimit: 8_388_608,
  schema: {
    operationId: 'logHistograms',
    summary: 'Adds histograms to a run; sent again they change nothing.',
    params: RunParams,
    body: Type.Object(
      { histograms: Type.Array(HistogramPoint, { minItems: 1, maxItems: 500 }) },
      { additionalProperties: false },
    ),
    response: {
      200: Type.Object({ added: Type.Integer({ description: 'How many were not there.' }) }),
      400: Problem,
      403: Problem,
      404: Problem,
      409: Problem,
      429: Problem,
    },
  },
})

export const listHistograms = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/histograms',
  permission: 'run:read',
  schema: {
    operationId: 'listHistograms',
    summary: 'Lists the keys under which a run logged histograms.',
    params: RunParams,
    response: { 200: Type.Object({ keys: Type.Array(HistogramKey) }), 403: Problem, 404: Problem },
  },
})

/** Of more than `points` some are left out, evenly; the first and the last are always there. A range of steps gives those between. */
export const getHistograms = route({
  method: 'GET',
  url: '/api/v1/projects/:project/runs/:run/histogram-series',
  permission: 'run:read',
  schema: {
    operationId: 'getHistograms',
    summary: 'Reads the histograms of one key of a run, by step.',
    params: RunParams,
    query: Type.Object({
      key: Type.String({ minLength: 1, maxLength: 250 }),
      points: Type.Optional(Type.Integer({ minimum: 1, maximum: 300, default: 120 })),
      from_step: Type.Optional(Whole),
      to_step: Type.Optional(Whole),
    }),
    response: {
      200: Type.Object({
        key: Type.String(),
        total: Type.Integer({ description: 'How many there are in the range.' }),
        points: Type.Array(Type.Object({ step: Type.Integer(), timestamp: Type.Integer(), ...Histogram.properties })),
      }),
      403: Problem,
      404: Problem,
    },
  },
})
