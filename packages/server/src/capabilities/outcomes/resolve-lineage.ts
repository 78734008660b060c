import type { LineageEdge, LineageNode, PredictionDetail } from '@trivium/contract'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Outcomes } from './outcomes.ts'

/** URNs of the monitor windows that counted a prediction; monitoring knows them. */
export type WindowsOf = (
  scope: Scope,
  prediction: { deployment: string; release: string; eventTime: number },
) => Promise<string[]>

/**
 * Answers for `trivium://p/prediction/DEPLOYMENT:ID` in the lineage graph: the release that made it, the windows that counted it, and as its fact what was said
 * and what was.
 */
export function resolvePrediction(outcomes: Outcomes, windowsOf: WindowsOf) {
  return async (
    scope: Scope,
    urn: string,
  ): Promise<{ node: Omit<LineageNode, 'depth'>; edges: LineageEdge[] } | undefined> => {
    const id = parseUrn(urn)?.id ?? ''
    const colon = id.indexOf(':')
    if (colon < 1) return undefined
    const [deployment, prediction] = [id.slice(0, colon), id.slice(colon + 1)]
    const found = await outcomes.find(scope, deployment, prediction)
    if (!found) return undefined
    const windows = await windowsOf(scope, { deployment, release: found.release, eventTime: found.eventTime })
    return {
      node: { urn, kind: 'prediction', name: id, version: null, fact: factOf(found), at: found.eventTime },
      edges: [
        { from: found.releaseUrn, to: urn, as: 'answered' },
        ...windows.map((window) => ({ from: urn, to: window, as: 'counted in' })),
      ],
    }
  }
}

function factOf({ outputs, label, withheld }: PredictionDetail): string {
  if (withheld) return ''
  const said = Object.entries(outputs)
    .slice(0, 3)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`)
    .join(', ')
  return label === null ? `${said}; no label yet` : `${said}; label ${label.value}`
}
