import type { ComparisonVerdict } from '@trivium/contract'
import { State } from '../../ui/state.tsx'
import { Verdict } from '../../ui/verdict.tsx'

/** What a comparison shows; a first model has nothing to be compared with. */
export function ComparisonVerdictView({ verdict }: { readonly verdict: ComparisonVerdict }) {
  return verdict === 'first model' ? <State kind="idle">first model</State> : <Verdict verdict={verdict} />
}
