import type { ChartPoint } from '../charts/chart-types.ts'

const day = 86_400_000

/** The present of the replay in the stories. */
export const storyNow = Date.UTC(2001, 4, 3, 9, 40)
export const firstDay = Date.UTC(2001, 2, 29)

/** The same numbers at every start. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

const random = seeded(7)
const noise = (size: number) => (random() - 0.5) * 2 * size

const measured = Array.from(
  { length: 33 },
  (_, i) => 0.69 + 0.016 * Math.sin(i / 5.2) - Math.max(0, i - 14) * 0.0017 + noise(0.006),
)

export const aucMeasured: ChartPoint[] = measured.map((y, i) => ({
  x: firstDay + i * day,
  y,
  low: y - 0.006,
  high: y + 0.006,
}))
export const aucEstimated: ChartPoint[] = Array.from({ length: 36 }, (_, i) => {
  const y = (measured[Math.min(i, 32)] ?? 0.68) + 0.014 + noise(0.005)
  return { x: firstDay + i * day, y, low: y - 0.016, high: y + 0.016 }
})
export const aucSoFar: ChartPoint[] = [
  { x: firstDay + 32 * day, y: measured[32] ?? 0.67 },
  { x: firstDay + 33 * day, y: 0.676, low: 0.668, high: 0.684 },
  { x: firstDay + 34 * day, y: 0.666, low: 0.647, high: 0.685 },
]

const late = Array.from(
  { length: 36 },
  (_, i) => 0.19 + 0.035 * Math.sin(i / 4.6) - Math.max(0, i - 17) * 0.0052 + noise(0.013),
)
export const lateObserved: ChartPoint[] = late
  .slice(0, 33)
  .map((y, i) => ({ x: firstDay + i * day, y, low: y - 0.006, high: y + 0.006 }))
export const lateObservedSoFar: ChartPoint[] = late.slice(32, 35).map((y, i) => ({ x: firstDay + (32 + i) * day, y }))
export const latePredicted: ChartPoint[] = late.map((y, i) => ({
  x: firstDay + i * day,
  y: 0.165 + (y - 0.165) * 0.72 + 0.006,
}))

export const drift: ChartPoint[] = Array.from({ length: 36 }, (_, i) => {
  const y = i < 25 ? 0.055 + noise(0.008) : i === 25 ? 0.155 : 0.265 + noise(0.02)
  return { x: firstDay + i * day, y, flagged: i >= 25 }
})

export const traffic: ChartPoint[] = Array.from({ length: 72 }, (_, i) => {
  const hour = (i + 9) % 24
  const busy = hour < 5 ? 0.02 : hour < 7 ? 0.55 : hour > 21 ? 0.4 : 1
  return { x: storyNow - (72 - i) * 3_600_000, y: Math.round(busy * (960 + noise(70))) }
})

export const curve = (seed: number, floor: number, start: number, length: number): ChartPoint[] => {
  const own = seeded(seed)
  return Array.from({ length }, (_, i) => ({
    x: i + 1,
    y: floor + (start - floor) * Math.exp(-i / 9) + (own() - 0.5) * 0.002,
  }))
}

/** A run in the table. */
export interface StoryRun {
  readonly id: string
  readonly name: string
  readonly state: 'ok' | 'run' | 'bad'
  readonly auc: number | null
  readonly half: number
  readonly brier: number | null
  readonly loss: readonly number[]
  readonly rate: number
  readonly leaves: number
  readonly origin: boolean
  readonly tookMs: number
  readonly ageMs: number
  readonly note?: string
  readonly alias?: string
}

const run = (
  name: string,
  auc: number | null,
  brier: number | null,
  rate: number,
  leaves: number,
  origin: boolean,
  tookS: number,
  extra: Partial<StoryRun> = {},
): StoryRun => ({
  id: name,
  name,
  state: 'ok',
  auc,
  half: 0.0042,
  brier,
  loss: auc === null ? [] : curve(name.length, 0.33, 0.53, 24).map((p) => p.y ?? 0),
  rate,
  leaves,
  origin,
  tookMs: tookS * 1000,
  ageMs: 3 * day,
  ...extra,
})

export const baseline = run('champion-refit', 0.6652, 0.0981, 0.1, 31, true, 270, { alias: 'champion v3' })
export const runs: StoryRun[] = [
  run('hourly-window-6h', null, null, 0.2, 31, true, 128, {
    state: 'run',
    note: 'running, iteration 52 of 120',
    ageMs: 128_000,
    loss: [0.53, 0.5, 0.49, 0.485],
  }),
  run('weekly-13w-31', 0.6834, 0.0954, 0.2, 31, true, 252, { alias: 'v4' }),
  run('weekly-13w-63', 0.6825, 0.0957, 0.2, 63, true, 351),
  run('leaf-127', 0.68, 0.0963, 0.2, 127, true, 400),
  run('leaf-127-short', 0.6781, 0.0961, 0.2, 127, true, 302),
  run('lr-0.10', 0.6781, 0.0955, 0.1, 15, true, 288),
  run('leaf-15', 0.6772, 0.0955, 0.2, 15, true, 235),
  run('lr-0.03', 0.6725, 0.0962, 0.03, 127, true, 440),
  run('no-origin-15', 0.6436, 0.1009, 0.2, 15, false, 190),
  run('no-origin-lr', 0.6426, 0.1008, 0.1, 15, false, 242),
  run('logistic', 0.6331, 0.0992, 0, 0, true, 22, { loss: [] }),
  run('no-origin-63', 0.6278, 0.1011, 0.03, 63, false, 211),
  run('lr-1.0', null, null, 1, 255, true, 31, {
    state: 'bad',
    note: 'loss became NaN at iteration 9',
    loss: [],
    ageMs: 4 * day,
  }),
]

/** Enough rows that the table becomes virtual. */
export const manyRuns: StoryRun[] = Array.from({ length: 5000 }, (_, i) =>
  run(
    `sweep-${String(i).padStart(4, '0')}`,
    0.62 + random() * 0.06,
    0.095 + random() * 0.008,
    0.1,
    31,
    true,
    60 + Math.round(random() * 300),
  ),
)

export const airports: readonly (readonly [string, number, number, number])[] = [
  ['ORD', 6310, 0.655, 0.701],
  ['DFW', 6204, 0.641, 0.672],
  ['ATL', 4802, 0.662, 0.668],
  ['LAX', 4390, 0.671, 0.69],
  ['PHX', 3580, 0.668, 0.671],
  ['STL', 3102, 0.652, 0.68],
  ['DTW', 2810, 0.583, 0.651],
  ['MSP', 2655, 0.672, 0.668],
  ['DEN', 2511, 0.702, 0.694],
  ['SFO', 2318, 0.661, 0.682],
]

export const histogramNow = [
  10300, 31000, 28600, 16000, 12000, 7800, 5300, 3500, 2600, 2000, 1400, 1000, 700, 500, 400, 300,
]
export const histogramBefore = [
  22000, 86000, 121000, 166000, 166000, 141000, 120000, 98000, 81000, 62000, 42000, 30000, 20000, 13000, 8000, 5000,
]
