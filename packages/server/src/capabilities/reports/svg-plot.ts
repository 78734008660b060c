import { escapeHtml } from './export-page.ts'

const colors = ['#314cb4', '#ee6710', '#019fa2', '#9d1c55', '#846213', '#4c7aae', '#4a3181', '#603d15']
/** The colour of the n-th line; past eight they are grey. */
export const colorOf = (at: number): string => colors[at] ?? '#7f8890'

export const size = { width: 760, height: 280, left: 62, right: 12, top: 12, bottom: 30 } as const

/** A straight scale; an empty domain maps to the middle. */
export function scale([d0, d1]: readonly [number, number], [r0, r1]: readonly [number, number]) {
  return (value: number): number =>
    Math.round((d1 === d0 ? (r0 + r1) / 2 : r0 + ((value - d0) / (d1 - d0)) * (r1 - r0)) * 10) / 10
}

/** The least and the largest of what is a number, with a little room; 0 to 1 where nothing is. */
export function domainOf(values: readonly (number | null)[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) return [0, 1]
  const room = (high - low || Math.abs(high) || 1) * 0.05
  return [low - room, high + room]
}

/** Round numbers inside a domain, about `count` of them. */
export function ticksOf([low, high]: readonly [number, number], count = 4): number[] {
  const raw = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10) * power
  const ticks: number[] = []
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) ticks.push(Number((at * step).toPrecision(12)))
  return ticks
}

/** A number as a page writes it: five digits at most. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return value.toLocaleString('en-US')
  return Math.abs(value) >= 1e6 || Math.abs(value) < 1e-4
    ? value.toExponential(3)
    : String(Number(value.toPrecision(5)))
}

/** A drawing with horizontal grid and both axes' ticks. `words` stand in place of numbers across. */
export function plot(input: {
  readonly label: string
  readonly x: readonly [number, number]
  readonly y: readonly [number, number]
  readonly words?: readonly string[]
  readonly marks: string
}): string {
  const { width, height, left, right, top, bottom } = size
  const x = scale(input.x, [left, width - right])
  const y = scale(input.y, [height - bottom, top])
  const rows = ticksOf(input.y)
    .map(
      (tick) =>
        `<path d="M${left} ${y(tick)}H${width - right}" stroke="#e8ebec"/><text x="${left - 6}" y="${y(tick) + 3.5}" text-anchor="end">${numberText(tick)}</text>`,
    )
    .join('')
  const columns = (input.words ?? ticksOf(input.x, 6).map(numberText))
    .map((text, at) => {
      const place = input.words ? at : (ticksOf(input.x, 6)[at] ?? 0)
      return `<text x="${x(place)}" y="${height - 10}" text-anchor="middle">${escapeHtml(text.slice(0, 18))}</text>`
    })
    .join('')
  return `<svg role="img" aria-label="${escapeHtml(input.label)}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${rows}<path d="M${left} ${height - bottom}H${width - right}" stroke="#c6cbce"/>${columns}${input.marks}</svg>`
}
