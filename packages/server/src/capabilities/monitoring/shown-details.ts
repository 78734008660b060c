import type { WindowDetails } from '@trivium/contract'
import { permits, type Scope } from '../../kernel/principal/index.ts'

/** The details of a window as the reader may see them: counts always, single values of inputs with `data:read-rows`. */
export function shownDetails(scope: Scope, details: WindowDetails | null): WindowDetails | null {
  if (!details?.violations || permits(scope, 'data:read-rows')) return details
  return { ...details, violations: details.violations.map((one) => ({ ...one, examples: [] })) }
}
