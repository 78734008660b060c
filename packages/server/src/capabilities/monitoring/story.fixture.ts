import type { NewLabel } from '@trivium/contract'
import type { World } from '@trivium/testing'
import { openLedgerWriter } from '../../kernel/ledger/index.ts'
import type { PredictionRecord } from '../../kernel/ports/index.ts'
import { createRandom } from '../../kernel/stats/index.ts'

export const hour = 3_600_000
export const day = 24 * hour
/** A Monday. */
export const start = Date.UTC(2001, 0, 8)

/** One flight: what is known at departure, what the model says, and what comes. */
export interface Flight {
  readonly id: string
  readonly eventTime: number
  readonly origin: string
  readonly distance: number
  readonly recentLate: number
  readonly probability: number
  readonly late: boolean
  readonly knownAt: number
}

export interface Weather {
  /** Added to the share of late flights at the origin. */
  readonly shift?: number
  /** How much of what the model says is true; 1 all, 0 nothing. */
  readonly skill?: number
}

/** Flights of some days. `weatherOf` says how each day is; the same seed gives the same flights. */
export function flightsOf({
  days,
  perDay = 600,
  seed,
  weatherOf = () => ({}),
  from = start,
}: {
  days: number
  perDay?: number
  seed: string
  weatherOf?: (day: number) => Weather
  from?: number
}): Flight[] {
  const random = createRandom(seed)
  const uniform = () => random.below(1_000_000) / 1_000_000
  return Array.from({ length: days * perDay }, (_, i): Flight => {
    const index = Math.floor(i / perDay)
    const { shift = 0, skill = 1 } = weatherOf(index)
    const origin = ['ORD', 'ORD', 'SFO', 'ATL', 'DFW'][random.below(5)] as string
    const recentLate = Math.min(1, uniform() ** 2 * 0.6 + shift)
    const probability = Math.min(0.95, 0.08 + recentLate * 0.9)
    const truth = skill * probability + (1 - skill) * (1 - probability)
    const eventTime = from + index * day + Math.floor(uniform() * day)
    return {
      id: `${seed}-${i}`,
      eventTime,
      origin,
      distance: 200 + random.below(2000),
      recentLate,
      probability,
      late: uniform() < truth,
      knownAt: eventTime + 2 * hour + random.below(3 * hour),
    }
  })
}

/** The flights with their moments dealt out anew: nothing depends on time any more. */
export function permuted(flights: readonly Flight[], seed: string): Flight[] {
  const random = createRandom(seed)
  const times = flights.map(({ eventTime, knownAt }) => ({ eventTime, knownAt }))
  for (let i = times.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1)
    ;[times[i], times[j]] = [times[j] as (typeof times)[number], times[i] as (typeof times)[number]]
  }
  return flights.map((flight, i) => ({ ...flight, ...(times[i] as (typeof times)[number]) }))
}

/** A project with a deployment `arrivals` that somebody sends flights to. */
export function story(world: World, project: string) {
  const call = async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => (await world.as('maintainer', project)).call(method, `/api/v1/projects/${project}/${path}`, body, headers)

  return {
    call,
    /** What a member of another role is answered. */
    read: async (role: 'viewer' | 'contributor', path: string) =>
      (await world.as(role, project)).call('GET', `/api/v1/projects/${project}/${path}`),
    /** Registers flights as dataset `training`, by the names that predictions have. */
    train: async (flights: readonly Flight[]) => {
      const rows = flights.map((f) => `${f.origin},${f.distance},${f.recentLate},${f.late}`)
      return call(
        'POST',
        'datasets/training/versions?format=csv',
        ['origin,distance,recent_late,late', ...rows, ''].join('\n'),
        {
          'content-type': 'application/octet-stream',
        },
      )
    },
    predict: (flights: readonly Flight[], more: Partial<PredictionRecord> = {}) => {
      const writer = openLedgerWriter({
        root: world.kernel.paths.ledgers,
        stream: ['predictions', project, 'arrivals'],
      })
      writer.append(
        flights.map(
          (flight): PredictionRecord => ({
            id: flight.id,
            project,
            deployment: 'arrivals',
            release: 'rel_1',
            model: 'arrival-delay',
            version: 1,
            eventTime: flight.eventTime,
            at: flight.eventTime + 5,
            inputs: { origin: flight.origin, distance: flight.distance },
            features: { recent_late: flight.recentLate },
            outputs: { probability: flight.probability },
            latencyMicros: 900,
            request: 'req_1',
            ...more,
          }),
        ),
      )
      writer.close()
    },
    label: async (flights: readonly Flight[], change: (flight: Flight) => Partial<NewLabel> = () => ({})) => {
      for (let i = 0; i < flights.length; i += 5000)
        await call('POST', 'deployments/arrivals/labels', {
          labels: flights.slice(i, i + 5000).map((flight) => ({
            predictionId: flight.id,
            value: flight.late,
            eventTime: flight.knownAt,
            ...change(flight),
          })),
        })
    },
    advance: async (to: number) => {
      const { json } = await call('POST', 'watermark', { to, waitMs: 30_000 })
      if (!json.advanced || !json.settled) throw new Error(`Event time is held: ${JSON.stringify(json)}`)
    },
    events: async (
      name: string,
    ): Promise<{ subject: string; eventTime: number; refs: { urn: string }[]; data: Record<string, any> }[]> =>
      (await call('GET', `events?name=${name}&limit=1000`)).json.events.toReversed(),
  }
}

/** Lives through days: each day's flights are predicted, what has become known is labelled, and event time moves on. */
export async function live(
  { predict, label, advance }: ReturnType<typeof story>,
  flights: readonly Flight[],
  { days, from = start, first = 0 }: { days: number; from?: number; first?: number },
): Promise<void> {
  for (let i = first; i < days; i += 1) {
    const [begin, end] = [from + i * day, from + (i + 1) * day]
    const today = flights.filter(({ eventTime }) => eventTime >= begin && eventTime < end)
    if (today.length > 0) predict(today)
    const known = flights.filter(({ knownAt }) => knownAt > begin && knownAt <= end)
    if (known.length > 0) await label(known)
    await advance(end)
  }
}
