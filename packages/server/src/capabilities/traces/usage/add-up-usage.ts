import { cacheKeys, type TokenUsage, usageKeys } from './translate-span.ts'

/** A span in its trace. */
export interface UsageNode {
  readonly id: string
  readonly parent: string | null
  readonly usage: TokenUsage | undefined
}

/**
 * Tokens of a trace, as MLflow adds them up: a span beneath one that says something does not count again, because callers tell the sum of what they called.
 * Undefined where no span says anything; what is not said of input, output and total is nought.
 */
export function addUpUsage(nodes: readonly UsageNode[]): TokenUsage | undefined {
  const known = new Set(nodes.map(({ id }) => id))
  const children = Map.groupBy(nodes, ({ parent }) => (parent !== null && known.has(parent) ? parent : ''))
  const sum: Record<string, number> = Object.fromEntries(usageKeys.map((key) => [key, 0]))
  let any = false
  // A span that is its own ancestor is below no root, and so is never reached.
  for (const stack = [...(children.get('') ?? [])]; ; ) {
    const node = stack.pop()
    if (!node) break
    if (!node.usage) {
      stack.push(...(children.get(node.id) ?? []))
      continue
    }
    any = true
    for (const key of usageKeys) sum[key] = (sum[key] ?? 0) + (node.usage[key] ?? 0)
    for (const key of cacheKeys) {
      const value = node.usage[key]
      if (value !== undefined) sum[key] = (sum[key] ?? 0) + value
    }
  }
  return any ? sum : undefined
}
