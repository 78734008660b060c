const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** Reads `250ms`, `30s`, `10m`, `2h`, `7d`, `1w` and sums of them (`1h30m`) as milliseconds; undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  const compact = text.replaceAll(' ', '')
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(compact)) return undefined
  let total = 0
  for (const [, amount, , unit] of compact.matchAll(/(\d+(\.\d+)?)(ms|s|m|h|d|w)/g))
    total += Number(amount) * units[unit as keyof typeof units]
  return Math.round(total)
}
