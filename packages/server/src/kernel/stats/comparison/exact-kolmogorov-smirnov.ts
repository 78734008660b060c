/**
 * The exact two-sided p-value of the two-sample Kolmogorov–Smirnov test for continuous data: the share of lattice
 * paths from (0,0) to (n,m) that touch |i·m − j·n| ≥ gap, where gap = D·n·m is a whole number. All terms are positive
 * shares, so tiny p-values keep their digits. Takes n·m steps.
 */
export function exactKolmogorovSmirnov(gap: number, n: number, m: number): number {
  if (gap <= 0) return 1
  const touching = new Float64Array(m + 1)
  for (let j = 1; j <= m; j++) touching[j] = j * n >= gap ? 1 : (touching[j - 1] as number)
  for (let i = 1; i <= n; i++) {
    const height = i * m
    let before = height >= gap ? 1 : (touching[0] as number)
    touching[0] = before
    for (let j = 1; j <= m; j++) {
      const away = height - j * n
      if (away >= gap || -away >= gap) before = 1
      else before = ((touching[j] as number) * i + before * j) / (i + j)
      touching[j] = before
    }
  }
  return Math.min(1, touching[m] as number)
}
