import type { TrafficMinute } from '@trivium/contract'
import type { GatewayTraffic } from '../../../kernel/ports/index.ts'

type Counts = Pick<TrafficMinute, 'requests' | 'predictions' | 'refused' | 'failed' | 'p50Ms' | 'p99Ms'>

/** The counts of several gateways as those of one; of times the longest, since what is between them is not known. Null when nobody knows the deployment. */
export function addTraffic(counts: readonly (GatewayTraffic | null | undefined)[]): GatewayTraffic | null {
  const known = counts.filter((one) => one !== null && one !== undefined)
  const [first] = known
  if (!first || known.length === 1) return first ?? null
  const minutes = Map.groupBy(
    known.flatMap((one) => one.minutes),
    ({ at }) => at,
  )
  return {
    ...joined(known),
    since: Math.min(...known.map((one) => one.since)),
    perSecond: known.reduce((total, one) => total + one.perSecond, 0),
    minutes: [...minutes].map(([at, each]) => ({ at, ...joined(each) })).toSorted((a, b) => a.at - b.at),
  }
}

function joined(each: readonly Counts[]): Counts {
  const sum = (of: (one: Counts) => number): number => each.reduce((total, one) => total + of(one), 0)
  const longest = (of: (one: Counts) => number | null): number | null => {
    const found = each.map(of).filter((ms) => ms !== null)
    return found.length === 0 ? null : Math.max(...found)
  }
  return {
    requests: sum((one) => one.requests),
    predictions: sum((one) => one.predictions),
    refused: sum((one) => one.refused),
    failed: sum((one) => one.failed),
    p50Ms: longest((one) => one.p50Ms),
    p99Ms: longest((one) => one.p99Ms),
  }
}
