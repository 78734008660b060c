import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

/** One real flight of the file. `landing` is estimated: departure and a flight time by distance; the file holds no landing times. */
export interface Flight {
  readonly id: string
  /** Actual departure, milliseconds UTC. */
  readonly departure: number
  readonly landing: number
  readonly origin: string
  readonly destination: string
  /** Miles. */
  readonly distance: number
  /** Arrival delay in minutes; negative is early. Known at the landing and not before. */
  readonly delay: number
}

/** The world outside of Trivium: the airline whose flights depart and land. */
export interface Feed {
  /** Beginning of the first week. */
  readonly start: number
  /** Whole weeks in the file. */
  readonly weeks: number
  /** Flights by departure. */
  readonly flights: readonly Flight[]
  /** Flights that land in [from, to), by landing. */
  landings(from: number, to: number): Flight[]
  /** Flights that depart in [from, to), by departure. */
  departures(from: number, to: number): Flight[]
  /** Parquet file of the flights that landed in [from, to): id, date, origin, destination, distance, delay. */
  landedFile(from: number, to: number): Promise<string>
  /** Parquet file of the same flights as rows of the feature view `arrivals`. */
  arrivalsFile(from: number, to: number): Promise<string>
  close(): void
}

const weekMs = 7 * 86_400_000
const airports = 9
const start = Date.UTC(2001, 0, 1)
/** Minutes on the ground and in climb, then miles a minute: a rough flight time, good enough to say when a label can be known. */
const groundMinutes = 40
const milesPerMinute = 8

const source = join(import.meta.dirname, '../../node_modules/vega-datasets/data/flights-3m.parquet')

/**
 * Reads the flights between the nine busiest airports. With `permute` the departure dates are dealt out anew among the rows (same rows, same dates, other
 * order): a world without change, in which no alert may be raised.
 */
export async function openFeed({ directory, permute }: { directory: string; permute?: number }): Promise<Feed> {
  mkdirSync(directory, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const db = await instance.connect()
  await db.run(`
    create table busiest as select origin from read_parquet('${source}') group by origin order by count(*) desc, origin limit ${airports};
    create table raw as
      select date, delay::integer as delay, distance::integer as distance, origin, destination, row_number() over (order by date, origin, destination, distance, delay) as n
      from read_parquet('${source}') where origin in (from busiest) and destination in (from busiest);
    create table flight as
      select 'f' || lpad(n::varchar, 6, '0') as id, ${permute === undefined ? 'date' : 'dealt'} as date, origin, destination, distance, delay
      from raw ${permute === undefined ? '' : `join (select date as dealt, row_number() over (order by hash(n * 7919 + ${permute})) as n from raw) using (n)`};
    alter table flight add column landing timestamp;
    update flight set landing = date + to_minutes(${groundMinutes} + distance // ${milesPerMinute});`)
  const reader = await db.runAndReadAll(
    'select id, epoch_ms(date), epoch_ms(landing), origin, destination, distance, delay from flight order by date, id',
  )
  const flights = reader.getRows().map(
    ([id, departure, landing, origin, destination, distance, delay]): Flight => ({
      id: String(id),
      departure: Number(departure),
      landing: Number(landing),
      origin: String(origin),
      destination: String(destination),
      distance: Number(distance),
      delay: Number(delay),
    }),
  )
  const byLanding = flights.toSorted((a, b) => a.landing - b.landing || a.id.localeCompare(b.id))
  const last = flights.at(-1)?.departure ?? start

  const write = async (name: string, select: string): Promise<string> => {
    const path = join(directory, name)
    await db.run(`copy (${select}) to '${path}' (format parquet, compression zstd)`)
    return path
  }
  const within = (from: number, to: number): string =>
    `landing >= make_timestamp(${from}::bigint * 1000) and landing < make_timestamp(${to}::bigint * 1000)`
  return {
    start,
    weeks: Math.floor((last - start) / weekMs),
    flights,
    landings: (from, to) => slice(byLanding, (flight) => flight.landing, from, to),
    departures: (from, to) => slice(flights, (flight) => flight.departure, from, to),
    landedFile: (from, to) =>
      write(
        `landed-${from}.parquet`,
        `select id, date, origin, destination, distance, delay from flight where ${within(from, to)} order by landing, id`,
      ),
    arrivalsFile: (from, to) =>
      write(
        `arrivals-${from}.parquet`,
        `select id, destination as airport, landing as event_time, landing as known_at, delay::double as delay from flight where ${within(from, to)} order by landing, id`,
      ),
    close: () => {
      db.closeSync()
      instance.closeSync()
    },
  }
}

/** The part of a sorted list with `from <= time < to`. */
function slice(sorted: readonly Flight[], time: (flight: Flight) => number, from: number, to: number): Flight[] {
  const find = (wanted: number): number => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const flight = sorted[middle]
      if (flight && time(flight) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
  return sorted.slice(find(from), find(to))
}
