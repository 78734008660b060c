/**
 * The positive x at which a monotone function crosses `target`, by bracketing from 1 and bisecting on a log scale
 * down to neighbouring doubles. `rising` says which way the function goes.
 */
export function invertMonotone(f: (x: number) => number, target: number, rising: boolean): number {
  const below = (x: number): boolean => (rising ? f(x) < target : f(x) > target)
  let low = 1
  let high = 1
  if (below(1)) while (high < 1e300 && below(high)) high *= 2
  else while (low > 1e-300 && !below(low)) low /= 2
  if (low > high / 2) low = high / 2
  if (high < low * 2) high = low * 2
  for (let i = 0; i < 200; i++) {
    const middle = low + (high - low) / 2
    if (middle <= low || middle >= high) break
    if (below(middle)) low = middle
    else high = middle
  }
  return low + (high - low) / 2
}
