import type { StepBoundary } from '@trivium/contract'
import { formatBytes } from '../../ui/format-number.ts'
import { Facts } from '../../ui/facts.tsx'
import { Note } from '../../ui/section.tsx'
import { StateGlyph } from '../../ui/state.tsx'
import { layerFact, limitsFact } from './boundary-words.ts'

/** What kept the code of a step in: one fact for each layer; a warning where nothing did. */
export function StepBoundaryFacts({ boundary }: { readonly boundary: StepBoundary }) {
  const { contained, layers, network, limits } = boundary
  if (!contained)
    return (
      <Note tone="warn">
        <span className="m">This step ran without a sandbox.</span> Its code could read the keys and all data of the
        server, and do all that the server may. An administrator starts the server with{' '}
        <span className="mono">--code-execution contained</span>.
      </Note>
    )
  return (
    <Facts
      facts={[
        ...layers
          .filter(({ name }) => name !== 'network' && name !== 'limits')
          .map((layer) => {
            const { label, value } = layerFact(layer)
            return {
              label,
              value: (
                <span className="row tight" title={layer.found}>
                  <StateGlyph kind={layer.active ? 'ok' : 'idle'} label={layer.active ? 'holds' : 'not there'} />
                  {value}
                </span>
              ),
            }
          }),
        {
          label: 'Network',
          value: (
            <span className="row tight">
              <StateGlyph kind={network === 'server' ? 'ok' : 'warn'} label={network === 'server' ? 'holds' : 'open'} />
              {network === 'server' ? 'this server only' : 'all: the step declares it'}
            </span>
          ),
        },
        { label: 'At most', value: limitsFact(limits, formatBytes) },
      ]}
    />
  )
}
