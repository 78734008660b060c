import type { Histogram } from '@trivium/contract'
import { fieldsOf } from './read-protobuf.ts'

type Bucket = readonly [left: number, right: number, count: number]

const mostBins = 512

/** HistogramProto: 1 min, 2 max, 4 sum, 5 sum_squares, 6 bucket_limit, 7 bucket. Undefined for what is none. */
export function legacyHistogram(bytes: Uint8Array): Histogram | undefined {
  const facts = new Map<number, number>()
  const limits: number[] = []
  const counts: number[] = []
  for (const field of fieldsOf(bytes)) {
    if (field.kind === 'varint' || field.kind === 'fixed32') continue
    // Lists are packed, or one number a field.
    const list = field.number === 6 ? limits : field.number === 7 ? counts : undefined
    if (list) list.push(...doublesOf(field.bytes))
    else facts.set(field.number, doublesOf(field.bytes)[0] ?? Number.NaN)
  }
  const [min = 0, max = 0] = [facts.get(1), facts.get(2)]
  if (limits.length !== counts.length) return undefined
  // The first bucket has no left, and the last goes to the greatest number there is.
  const buckets = counts.map((count, i): Bucket => [limits[i - 1] ?? -Number.MAX_VALUE, limits[i] as number, count])
  return histogramOf(buckets, { min, max, sum: facts.get(4) ?? 0, sumSquares: facts.get(5) ?? 0 })
}

/** A tensor of the plugin `histograms`: rows of left, right and count. TensorProto: 1 dtype, 2 shape { 2 dim { 1 size } }, 4 tensor_content, 5 float_val, 6 double_val. */
export function tensorHistogram(tensor: Uint8Array): Histogram | undefined {
  let type = 0
  const sizes: number[] = []
  const numbers: number[] = []
  let content: Uint8Array | undefined
  for (const field of fieldsOf(tensor)) {
    if (field.number === 1 && field.kind === 'varint') type = Number(field.value)
    else if (field.number === 2 && field.kind === 'bytes') sizes.push(...sizesOf(field.bytes))
    else if (field.number === 4 && field.kind === 'bytes') content = field.bytes
    else if (field.number === 5 && field.kind !== 'varint') numbers.push(...floatsOf(field.bytes))
    else if (field.number === 6 && field.kind !== 'varint') numbers.push(...doublesOf(field.bytes))
  }
  if (content && content.length > 0) numbers.push(...(type === 1 ? floatsOf(content) : doublesOf(content)))
  const [rows = 0, width] = sizes
  if (sizes.length !== 2 || width !== 3 || numbers.length !== rows * 3 || (type !== 1 && type !== 2)) return undefined
  const buckets = Array.from({ length: rows }, (_, i) => numbers.slice(3 * i, 3 * i + 3) as unknown as Bucket)
  const filled = buckets.filter(([, , count]) => count > 0)
  const ends = { min: filled[0]?.[0] ?? 0, max: filled.at(-1)?.[1] ?? 0 }
  return histogramOf(buckets, { ...ends, sum: null, sumSquares: null })
}

/** What our server takes: bins that follow each other and have a width, at most 512 of them. */
function histogramOf(
  buckets: readonly Bucket[],
  { min, max, sum, sumSquares }: { min: number; max: number; sum: number | null; sumSquares: number | null },
): Histogram | undefined {
  if (![min, max, ...buckets.flat()].every(Number.isFinite) || min > max) return undefined
  if (buckets.some(([, , count]) => count < 0)) return undefined
  const count = buckets.reduce((all, bucket) => all + bucket[2], 0)
  const known = { sum: finite(sum), sumSquares: finite(sumSquares) }
  if (count === 0) return { edges: [0, 1], counts: [0], count, min: null, max: null, ...known }
  const edges: number[] = [min]
  const counts: number[] = []
  let waiting = 0
  for (const [left, right, own] of buckets) {
    const at = edges.at(-1) as number
    const [from, to] = [Math.min(max, Math.max(left, min)), Math.min(max, Math.max(right, min))]
    if (from > at) {
      edges.push(from)
      counts.push(waiting)
      waiting = 0
    }
    if (to > (edges.at(-1) as number)) {
      edges.push(to)
      counts.push(own + waiting)
      waiting = 0
    } else waiting += own
  }
  // What lies in a bucket without a width belongs to the bin before it.
  if (counts.length === 0) return { edges: [...around(min)], counts: [count], count, min, max, ...known }
  counts[counts.length - 1] = (counts.at(-1) as number) + waiting
  return { ...mergeBins(edges, counts), count, min, max, ...known }
}

/** All values are one: numpy gives it a bin of width 1. */
const around = (value: number): [number, number] =>
  value - 0.5 < value + 0.5
    ? [value - 0.5, value + 0.5]
    : value > 0
      ? [value * (1 - 1e-9), value]
      : [value, value * (1 - 1e-9)]

/** At most so many bins as a histogram has: bins without values are joined first, which loses nothing, and then neighbours. */
function mergeBins(edges: readonly number[], counts: readonly number[]): Pick<Histogram, 'edges' | 'counts'> {
  if (counts.length <= mostBins) return { edges: [...edges], counts: [...counts] }
  const starts = counts.flatMap((count, i) => (i > 0 && count === 0 && counts[i - 1] === 0 ? [] : [i]))
  const every = Math.ceil(starts.length / mostBins)
  const kept = starts.filter((_, i) => i % every === 0)
  return {
    edges: [...kept.map((i) => edges[i] as number), edges.at(-1) as number],
    counts: kept.map((from, i) => counts.slice(from, kept[i + 1]).reduce((sum, one) => sum + one, 0)),
  }
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null)

function sizesOf(shape: Uint8Array): number[] {
  const sizes: number[] = []
  for (const dimension of fieldsOf(shape))
    if (dimension.number === 2 && dimension.kind === 'bytes')
      for (const one of fieldsOf(dimension.bytes))
        if (one.number === 1 && one.kind === 'varint') sizes.push(Number(one.value))
  return sizes
}

function doublesOf(bytes: Uint8Array): number[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, i) => buffer.readDoubleLE(8 * i))
}

function floatsOf(bytes: Uint8Array): number[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => buffer.readFloatLE(4 * i))
}
