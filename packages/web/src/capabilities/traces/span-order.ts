import type { TraceSpan } from '@trivium/contract'

/** A span with its depth in the tree. */
export interface PlacedSpan {
  readonly span: TraceSpan
  readonly depth: number
}

/** Spans as a tree is read: each before what it called, what began first before what began later. A span whose parent is not there stands at the top. */
export function spanOrder(spans: readonly TraceSpan[]): PlacedSpan[] {
  const ids = new Set(spans.map((span) => span.id))
  const children = Map.groupBy(spans, (span) =>
    span.parent !== null && ids.has(span.parent) && span.parent !== span.id ? span.parent : null,
  )
  const placed: PlacedSpan[] = []
  const seen = new Set<string>()
  const open: PlacedSpan[] = (children.get(null) ?? []).toReversed().map((span) => ({ span, depth: 0 }))
  const walk = () => {
    for (let next = open.pop(); next; next = open.pop()) {
      if (seen.has(next.span.id)) continue
      seen.add(next.span.id)
      placed.push(next)
      const { depth } = next
      for (const span of (children.get(next.span.id) ?? []).toReversed()) open.push({ span, depth: depth + 1 })
    }
  }
  walk()
  // Spans that call each other in a circle have no top.
  for (const span of spans) {
    if (seen.has(span.id)) continue
    open.push({ span, depth: 0 })
    walk()
  }
  return placed
}
