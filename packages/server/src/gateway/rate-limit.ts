/** How many requests a caller may still make of a deployment. */
export interface RateLimiter {
  /** Takes one request of a caller; 0 when it may go on, else the seconds after which the next one may. */
  take(caller: string, perMinute: number, now: number): number
}

interface Bucket {
  left: number
  at: number
}

const mostBuckets = 10_000

/** Token buckets: each holds a minute's worth and is filled evenly; `now` is in milliseconds and never goes back. */
export function createRateLimiter(): RateLimiter {
  const buckets = new Map<string, Bucket>()
  return {
    take: (caller, perMinute, now) => {
      const perMs = perMinute / 60_000
      let bucket = buckets.get(caller)
      if (!bucket) {
        // The oldest are full again by now, or soon: forgetting them gives away little.
        if (buckets.size >= mostBuckets)
          for (const key of [...buckets.keys()].slice(0, mostBuckets / 10)) buckets.delete(key)
        bucket = { left: perMinute, at: now }
        buckets.set(caller, bucket)
      }
      bucket.left = Math.min(perMinute, bucket.left + (now - bucket.at) * perMs)
      bucket.at = now
      if (bucket.left >= 1) {
        bucket.left -= 1
        return 0
      }
      return Math.max(1, Math.ceil((1 - bucket.left) / perMs / 1000))
    },
  }
}
