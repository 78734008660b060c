import { newId } from '../kernel/ids/new-id.ts'
import type { OnlineView } from '../kernel/ports/online-store.ts'
import { checkValue, type InputValue } from './check-value.ts'
import type { LiveDeployment } from './deployments.ts'
import { type FilledRows, fillRows, type RequestRows } from './fill-rows.ts'
import { predictErrors } from './gateway-errors.ts'
import type { OutputColumn } from './live-release.ts'
import { recordLines } from './record-lines.ts'
import type { RecordLog } from './record-log.ts'

type Scalar = number | string | boolean | null

/** Looks up the features of one entity as of an event time; composed from the online store and the features' own definition. */
export type FeatureLookup = (
  project: string,
  view: OnlineView,
  keys: Readonly<Record<string, unknown>>,
  asOf: number,
) => Readonly<Record<string, Scalar>>

export interface PredictDeps {
  readonly records: RecordLog
  readonly lookup: FeatureLookup
  readonly clock: () => number
}

/** The answer to one request, for a protocol to encode. */
export interface Answered {
  readonly deployment: LiveDeployment
  readonly count: number
  readonly ids: readonly string[]
  readonly outputs: readonly OutputColumn[]
  /** What was looked up, by row. */
  readonly features: readonly Readonly<Record<string, Scalar>>[]
  readonly latencyMicros: number
}

/** When a request came in, for its latency. */
export interface Arrival {
  readonly startedAt: number
  /** Id of the request: rows of one request share it. */
  readonly request: string
  /** Nothing is recorded: a try. */
  readonly dryRun?: boolean
}

/** Checks, looks up, runs, records, answers: in this order, and nothing is answered that is not recorded. */
export async function predict(
  { records, lookup, clock }: PredictDeps,
  deployment: LiveDeployment,
  rows: RequestRows,
  arrival: Arrival,
): Promise<Answered> {
  const { live } = deployment
  if (live.isFull()) throw predictErrors.OVERLOADED(deployment.name)
  const filled = fillRows(live.plan, rows)
  const ids = idsOf(rows)
  const features = live.plan.lookups.length === 0 ? [] : lookUp(lookup, deployment, filled, rows)
  const outputs = await live.run(filled.count, filled.inputs)
  checkOutputs(outputs, deployment, filled, features)
  const latencyMicros = Math.round((performance.now() - arrival.startedAt) * 1000)
  const answered: Answered = { deployment, count: filled.count, ids, outputs, features, latencyMicros }
  if (!arrival.dryRun)
    await records.append(
      deployment.project,
      deployment.name,
      recordLines(answered, filled, rows, { request: arrival.request, at: clock() }),
    )
  return answered
}

function idsOf({ count, ids }: RequestRows): string[] {
  const all = Array.from({ length: count }, (_, row) => ids?.[row] ?? newId('prd'))
  if (ids) {
    for (const id of all)
      if (id.length === 0 || id.length > 200 || /\p{Cc}/u.test(id))
        throw predictErrors.INVALID('A prediction id has 1 to 200 characters and no control characters.')
    if (new Set(all).size < count)
      throw predictErrors.INVALID('Two rows of the request have the same id; each prediction needs its own.')
  }
  return all
}

function lookUp(
  lookup: FeatureLookup,
  { project, live }: LiveDeployment,
  filled: FilledRows,
  rows: RequestRows,
): Record<string, Scalar>[] {
  const fields = new Map([...filled.fields].map(([field, values]) => [field.name, values]))
  return Array.from({ length: filled.count }, (_, row) => {
    const found: Record<string, Scalar> = {}
    const asOf = rows.eventTimes[row] ?? rows.eventTimes[0] ?? 0
    for (const [index, { bound, targets }] of live.plan.lookups.entries()) {
      const keys = Object.fromEntries(
        Object.entries(bound.keys).map(([key, field]) => [key, plain(fields.get(field)?.[row] as InputValue)]),
      )
      const values = lookup(project, live.release.views[index] as OnlineView, keys, asOf)
      for (const { feature, name, datatype, slot } of targets) {
        const value = values[feature] ?? null
        found[name] = value
        const width = live.plan.inputs[slot.input]?.width ?? 1
        const input = filled.inputs[slot.input] as InputValue[]
        input[row * width + slot.offset] = checkValue(
          datatype,
          value,
          () => `${name} (looked up in ${bound.view} for ${Object.values(keys).join(', ')})`,
        )
      }
    }
    return found
  })
}

/** As the log keeps it: a number wherever one can hold the value exactly. */
function plain(value: InputValue): Scalar {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  return typeof value === 'number' && !Number.isFinite(value) ? null : value
}

/** JSON has no NaN: an answer without a number is an error that says which input was empty. */
function checkOutputs(
  outputs: readonly OutputColumn[],
  { live }: LiveDeployment,
  filled: FilledRows,
  features: readonly Record<string, Scalar>[],
): void {
  for (const { name, datatype, data, width } of outputs) {
    if (!datatype.startsWith('FP')) continue
    for (let index = 0; index < data.length; index += 1) {
      if (Number.isFinite(data[index] as number)) continue
      const row = Math.floor(index / width)
      const empty = [...filled.fields]
        .filter(([field, values]) =>
          values
            .slice(row * field.width, (row + 1) * field.width)
            .some((value) => typeof value === 'number' && Number.isNaN(value)),
        )
        .map(([field]) => field.name)
      const missed = live.plan.lookups
        .flatMap((one) => one.targets.map((target) => target.name))
        .filter((target) => features[row]?.[target] === null)
      throw predictErrors.NO_NUMBER(name, [...empty, ...missed].join(', '))
    }
  }
}
