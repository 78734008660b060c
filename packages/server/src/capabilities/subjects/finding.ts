import type { SubjectFinding } from '@trivium/contract'
import type { SubjectCount } from '../../kernel/ports/index.ts'

/** What a capability says it holds, as callers get it. */
export const findingOf = (
  capability: string,
  { kind, where, count, plain = 0, how }: SubjectCount,
): SubjectFinding => ({
  capability,
  kind,
  where,
  count,
  plain,
  ...(how === undefined ? {} : { how }),
})
