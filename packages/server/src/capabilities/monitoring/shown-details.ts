import type { WindowDetails } from '@trivium/contract'
import { permits, type Scope } from '../../kernel/principal/index.ts'
import { type Mask, redacted } from '../access/index.ts'

/** The details of a window as the reader may see them: counts always, single values of inputs with `data:read-rows`, nothing of personal columns. */
export function shownDetails(scope: Scope, mask: Mask, details: WindowDetails | null): WindowDetails | null {
  if (!details) return details
  const rows = permits(scope, 'data:read-rows')
  return {
    ...details,
    quality: details.quality?.map((one) => shownSlice(mask, one)) ?? null,
    violations:
      details.violations?.map((one) => {
        const hidden = mask.hides(one.feature)
        return { ...one, allowed: hidden ? redacted : one.allowed, examples: rows && !hidden ? one.examples : [] }
      }) ?? null,
    ...(details.outputs === undefined ? {} : { outputs: details.outputs?.map((one) => shownSlice(mask, one)) ?? null }),
  }
}

/** A slice by a personal column does not say which value it is. */
export const shownSlice = <Slice extends { by: string | null; value: string | null }>(
  mask: Mask,
  slice: Slice,
): Slice => (slice.by !== null && slice.value !== null && mask.hides(slice.by) ? { ...slice, value: redacted } : slice)
