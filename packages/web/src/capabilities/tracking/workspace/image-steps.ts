import type { ArtifactEntry } from '@trivium/contract'

/** Pictures of one name of a run, by step. */
export interface ImageSeries {
  readonly key: string
  readonly steps: readonly { readonly step: number; readonly path: string; readonly size: number }[]
}

/** Larger pictures are named and not shown. */
export const largestImage = 16 * 1024 * 1024

const picture = /\.(png|jpe?g|gif|webp)$/i
/** As the MLflow client names what `log_image(image, key=…, step=…)` logs; older ones part with a plus. */
const logged = /^images\/(.+?)[%+]step[%+](-?\d+)[%+]timestamp[%+](\d+)[%+][^/]*?([%+]compressed)?\.\w+$/

/** The pictures among a run's files: those of `log_image` by name and step, others each under its path. A step that was logged twice shows its last. */
export function imageSeries(entries: readonly ArtifactEntry[]): ImageSeries[] {
  const found = new Map<string, Map<number, { path: string; size: number; at: number }>>()
  for (const { path, size, isDirectory } of entries) {
    if (isDirectory || !picture.test(path)) continue
    const parts = logged.exec(path)
    if (parts?.[4]) continue // the thumbnail beside the picture
    const key = parts ? (parts[1] ?? '').replaceAll('#', '/') : path
    const step = Number(parts?.[2] ?? 0)
    const at = Number(parts?.[3] ?? 0)
    const steps = found.get(key) ?? new Map<number, { path: string; size: number; at: number }>()
    const before = steps.get(step)
    if (!before || before.at <= at) steps.set(step, { path, size, at })
    found.set(key, steps)
  }
  return [...found]
    .map(([key, steps]) => ({
      key,
      steps: [...steps].map(([step, { path, size }]) => ({ step, path, size })).toSorted((a, b) => a.step - b.step),
    }))
    .toSorted((a, b) => a.key.localeCompare(b.key, 'en', { numeric: true }))
}

/** The picture that a run shows at a step of the slider: its last one until then. */
export function imageAt(series: ImageSeries | undefined, step: number): ImageSeries['steps'][number] | undefined {
  return series?.steps.findLast((one) => one.step <= step)
}
