import { formatDuration } from './format-time.ts'

/** How long something took, two units at most; null prints a dash. */
export function Duration({ ms }: { readonly ms: number | null | undefined }) {
  if (ms === null || ms === undefined) return <span className="t3">–</span>
  return (
    <span className="nowrap" title={`${ms} ms`}>
      {formatDuration(ms)}
    </span>
  )
}
