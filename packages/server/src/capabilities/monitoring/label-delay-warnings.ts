import type { LabelDelay, LabelDelayWarning, MonitorDefinition } from '@trivium/contract'
import { performanceSettings } from './policies.ts'
import { windowGrid } from './window-grid.ts'

/** How often something retrains the model that a monitor watches. */
export interface Cadence {
  readonly pipeline: string
  readonly trigger: string
  readonly everyMs: number
}

/** Labels below which a delay is not spoken about. */
const fewest = 30

/**
 * What the delay of labels disrupts: an evaluation, where the labels that a window needs come after its longest wait, or after a whole further window; and a retraining, where they come later than the
 * next run is due, so that each run learns without the labels of the time since the last. Said for all labels together and for each source that is slower than that alone.
 */
export function labelDelayWarnings(
  sources: readonly LabelDelay[],
  { name, definition, cadences }: { name: string; definition: MonitorDefinition; cadences: readonly Cadence[] },
): LabelDelayWarning[] {
  if (!definition.performance) return []
  const { completeness, maxWait } = performanceSettings(definition.performance)
  const { size } = windowGrid(definition)
  const share = `${Math.round(completeness * 100)} %`
  const warnings: LabelDelayWarning[] = []
  for (const delay of sources) {
    if (delay.labels < fewest) continue
    const takes = delayAt(delay, completeness)
    const who = delay.source === null ? 'labels that name no source' : `labels of ${delay.source}`
    const slow = `${share} of the ${who} take ${words(takes)}`
    const limit = Math.min(maxWait, size)
    if (takes > limit)
      warnings.push({
        disrupts: 'evaluation',
        what: name,
        source: delay.source,
        takesMs: takes,
        allowedMs: limit,
        message:
          maxWait <= size
            ? `${upper(slow)}, but monitor ${name} judges a window after ${words(maxWait)} with the labels that there are. Wait longer (maxWait), or speed the labels up.`
            : `${upper(slow)}, longer than a window of monitor ${name} (${words(size)}): its performance is known that much later. Widen the window, or speed the labels up.`,
      })
    for (const { pipeline, trigger, everyMs } of cadences) {
      if (takes <= everyMs) continue
      warnings.push({
        disrupts: 'retraining',
        what: `${pipeline}/${trigger}`,
        source: delay.source,
        takesMs: takes,
        allowedMs: everyMs,
        message: `${upper(slow)}, but trigger ${trigger} of pipeline ${pipeline} may retrain every ${words(everyMs)}: a run learns without most labels of the time since the last. Retrain less often, or speed the labels up.`,
      })
    }
  }
  return warnings
}

/** The delay that so many labels stay below, between stored quantiles. */
export function delayAt({ quantiles }: LabelDelay, share: number): number {
  const above = quantiles.findIndex((one) => one.share >= share)
  if (above <= 0) return (above === 0 ? quantiles[0] : quantiles.at(-1))?.ms ?? 0
  const [low, high] = [quantiles[above - 1], quantiles[above]]
  if (!low || !high) return 0
  return low.ms + ((high.ms - low.ms) * (share - low.share)) / (high.share - low.share)
}

function words(ms: number): string {
  const hours = ms / 3_600_000
  if (hours < 1) return `${Math.max(1, Math.round(ms / 60_000))} min`
  return hours < 72 ? `${Number(hours.toPrecision(3))} h` : `${Number((hours / 24).toPrecision(3))} d`
}

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
