import { getHistograms, type HistogramKey, listHistograms } from '@trivium/contract'
import { useMemo, useState } from 'react'
import { HistogramSteps } from '../../charts/histogram-steps.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { number, useSearchState } from '../../shell/search-state.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { useLiveRuns } from './use-live-runs.ts'
import { findKeys, metricSections } from './workspace/metric-sections.ts'
import { useVisible } from './workspace/use-visible.ts'

interface RunHistogramsProps {
  readonly project: string
  readonly run: string
}

const atFirst = 12
const shape = { hist_from: number(), hist_to: number() }

/** How weights, gradients, activations and predictions were spread, a panel a name; nothing where the run logged none. */
export function RunHistograms({ project, run }: RunHistogramsProps) {
  const query = useContractQuery(listHistograms, { params: { project, run } }, { keep: true })
  const [view, setView] = useSearchState(shape)
  const [find, setFind] = useState('')
  const [shown, setShown] = useState(atFirst)
  useLiveRuns(
    (id) => id === run,
    () => void query.refetch(),
    'run.histograms',
  )
  const all = query.data?.keys ?? []
  if (query.error) return <p className="t2 sm">{`The histograms could not be read: ${query.error.detail}`}</p>
  if (all.length === 0) return null
  const byKey = new Map(all.map((one) => [one.key, one]))
  const found = findKeys([...byKey.keys()], find)
  const keys = metricSections(found.keys).flatMap((section) => section.keys)
  const { hist_from: from, hist_to: to } = view
  const zoomed = from !== undefined && to !== undefined
  return (
    <Section
      title="Histograms"
      note={`${formatPlural(all.length, 'name')}; the stronger the colour, the more values; lines are the quantiles 5, 50 and 95 %`}
    >
      <div className="row wrap mb-8" style={{ gap: 16, alignItems: 'flex-end' }}>
        {all.length > 6 && (
          <div style={{ width: 260 }}>
            <TextField
              label="Histograms, by regular expression"
              placeholder="^gradients/"
              mono
              value={find}
              error={found.error === undefined ? undefined : `This cannot be used: ${found.error}.`}
              onChange={(event) => setFind(event.target.value)}
            />
          </div>
        )}
        {zoomed && (
          <Button look="link" onClick={() => setView({ hist_from: undefined, hist_to: undefined })}>
            {`Show all steps, not ${from} to ${to}`}
          </Button>
        )}
      </div>
      {keys.length === 0 && found.error === undefined && <p className="t2">{`No histogram is named like ${find}.`}</p>}
      <div className={keys.length === 1 ? undefined : 'cols-2'}>
        {keys.slice(0, shown).map((key) => (
          <HistogramPanel
            key={key}
            project={project}
            run={run}
            of={byKey.get(key) as HistogramKey}
            from={zoomed ? from : undefined}
            to={zoomed ? to : undefined}
            onRange={(range) =>
              setView({
                hist_from: range === undefined ? undefined : Math.ceil(range[0]),
                hist_to: range === undefined ? undefined : Math.max(Math.ceil(range[0]), Math.floor(range[1])),
              })
            }
          />
        ))}
      </div>
      {keys.length > shown && (
        <p className="mt-8">
          <Button look="link" onClick={() => setShown(shown + 24)}>
            {`Show more, ${keys.length - shown} of ${keys.length} are left`}
          </Button>
        </p>
      )}
    </Section>
  )
}

interface HistogramPanelProps extends RunHistogramsProps {
  readonly of: HistogramKey
  readonly from: number | undefined
  readonly to: number | undefined
  readonly onRange: (range: readonly [number, number] | undefined) => void
}

/** Read when it comes into sight. */
function HistogramPanel({ project, run, of, from, to, onRange }: HistogramPanelProps) {
  const [attach, seen] = useVisible<HTMLDivElement>()
  const query = useContractQuery(
    getHistograms,
    {
      params: { project, run },
      query: {
        key: of.key,
        points: 120,
        ...(from === undefined || to === undefined ? {} : { from_step: from, to_step: to }),
      },
    },
    { enabled: seen, keep: true },
  )
  useLiveRuns(
    (id) => seen && id === run,
    () => void query.refetch(),
    'run.histograms',
  )
  const { data, error } = query
  const points = useMemo(() => data?.points ?? [], [data])
  const odd = points.reduce(
    (sum, one) => sum + (one.nan ?? 0) + (one.positiveInfinities ?? 0) + (one.negativeInfinities ?? 0),
    0,
  )
  return (
    <div ref={attach} style={{ minHeight: 210 }}>
      {error ? (
        <p className="t2 sm">{`${of.key} could not be read: ${error.detail}`}</p>
      ) : data !== undefined && points.length === 0 ? (
        <p className="t3 sm">{`${of.key}: nothing at these steps.`}</p>
      ) : data === undefined ? null : (
        <HistogramSteps
          title={of.key}
          how={
            data.total > points.length
              ? `by step, ${formatCount(points.length)} of ${formatCount(data.total)} histograms`
              : 'by step'
          }
          points={points}
          syncKey="curves"
          onRange={onRange}
          caption={
            odd > 0
              ? `${formatCount(odd)} values of the drawn steps are NaN or infinite; they are in no bin.`
              : undefined
          }
        />
      )}
    </div>
  )
}
