import type { TrafficMinute } from '@trivium/contract'
import type { GatewayTraffic } from '../kernel/ports/gateway.ts'

const minuteMs = 60_000
const keptMinutes = 120
/** Latency classes grow by a tenth, from 10 µs to more than a minute: what a quantile may be off. */
const growth = Math.log(1.1)
const classes = 170

interface Counts {
  at: number
  requests: number
  predictions: number
  refused: number
  failed: number
  latency: Uint32Array
}

/** Counts the requests of one deployment in memory: in all, and by minute for two hours. */
export interface TrafficCounter {
  add(request: { status: number; predictions: number; micros: number; now: number }): void
  read(now: number, minutes: number): GatewayTraffic
}

const empty = (at: number): Counts => ({
  at,
  requests: 0,
  predictions: 0,
  refused: 0,
  failed: 0,
  latency: new Uint32Array(classes),
})

export function createTrafficCounter(since: number): TrafficCounter {
  const total = empty(since)
  const recent: Counts[] = []
  return {
    add: ({ status, predictions, micros, now }) => {
      const at = now - (now % minuteMs)
      let minute = recent.at(-1)
      if (!minute || minute.at !== at) {
        minute = empty(at)
        recent.push(minute)
        if (recent.length > keptMinutes) recent.shift()
      }
      const latencyClass = Math.max(0, Math.min(classes - 1, Math.ceil(Math.log(micros / 10) / growth)))
      for (const counts of [total, minute]) {
        counts.requests += 1
        counts.predictions += predictions
        if (status >= 500) counts.failed += 1
        else if (status >= 400) counts.refused += 1
        else counts.latency[latencyClass] = (counts.latency[latencyClass] ?? 0) + 1
      }
    },
    read: (now, minutes) => {
      const from = now - minutes * minuteMs
      const lastFull = recent.find((minute) => minute.at === now - (now % minuteMs) - minuteMs)
      const { at: _, latency, ...counts } = total
      return {
        since,
        ...counts,
        p50Ms: quantile(latency, 0.5),
        p99Ms: quantile(latency, 0.99),
        perSecond: (lastFull?.predictions ?? 0) / 60,
        minutes: recent
          .filter((minute) => minute.at >= from)
          .map(
            ({ latency: own, ...rest }): TrafficMinute => ({
              ...rest,
              p50Ms: quantile(own, 0.5),
              p99Ms: quantile(own, 0.99),
            }),
          ),
      }
    },
  }
}

/** Upper bound of the class that holds the quantile, in milliseconds. */
function quantile(latency: Uint32Array, q: number): number | null {
  const all = latency.reduce((sum, count) => sum + count, 0)
  if (all === 0) return null
  let seen = 0
  for (const [index, count] of latency.entries()) {
    seen += count
    if (seen >= q * all) return Number(((10 * Math.exp(growth * index)) / 1000).toPrecision(3))
  }
  return null
}
