import { explainMetric, type Explanation, type SharedTrait } from '@trivium/contract'
import { importanceColumns } from '../../charts/importance-columns.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount, formatP, formatPlural, formatShare } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { formatValue, Value } from '../../ui/value.tsx'

interface ExplanationViewProps {
  readonly project: string
  readonly experiment: string
  readonly metric: string
}

/** A summary over all runs of an experiment: what explains a metric's differences, what the best share, which runs repeat others, which are beaten. */
export function ExplanationView({ project, experiment, metric }: ExplanationViewProps) {
  const query = useContractQuery(
    explainMetric,
    { params: { project, experiment }, query: { metric } },
    { enabled: metric !== '', keep: true },
  )
  if (metric === '') return <p className="t2 mt-16">No run has logged a metric yet.</p>
  return (
    <QueryView query={query} what="what explains the metric" permission="run:read" rows={8}>
      {(found) => (
        <>
          <p className="claim">{sentenceOf(found)}</p>
          {found.importance.length > 0 && <Importance found={found} />}
          <Best found={found} />
          <Repeats found={found} />
          <Front found={found} />
          {found.leftOut.length > 0 && (
            <Section title="Left out" note="what cannot explain a difference">
              <p className="t2 prose">{found.leftOut.map(({ key, why }) => `${key} (${why})`).join('; ')}.</p>
            </Section>
          )}
        </>
      )}
    </QueryView>
  )
}

function sentenceOf(found: Explanation): string {
  const looked = `${formatPlural(found.runs, 'finished run')} of ${formatCount(found.looked)}${found.truncated ? ' looked at, the newest,' : ''} ${found.runs === 1 ? 'has' : 'have'} ${found.metric}.`
  if (!found.fit) return `${looked} ${found.reason ?? ''}`
  const [first] = found.importance
  const most = first && first.low > 0 ? ` Most of it goes with ${first.key}.` : ' No factor stands out of chance.'
  return `${looked} What was recorded explains ${formatShare(Math.max(0, found.fit.explained), 0)} of its differences (95 % interval ${formatShare(Math.max(0, found.fit.low), 0)} to ${formatShare(Math.min(1, found.fit.high), 0)}).${most}${found.reason ? ` ${found.reason}` : ''}`
}

function Importance({ found }: { readonly found: Explanation }) {
  const shown = found.importance.slice(0, 12)
  return (
    <Section
      title="What explains the differences"
      note={`${formatCount(found.fit?.trees ?? 0)} trees in ${found.fit?.forests ?? 0} forests; it says what goes with the metric, not what causes it`}
    >
      <DataTable
        label={`Importance for ${found.metric}`}
        density="compact"
        keys={false}
        rows={shown}
        rowKey={(one) => `${one.kind} ${one.key}`}
        columns={[
          { id: 'key', head: 'Factor', cell: (one) => (one.kind === 'param' ? one.key : `${one.kind}: ${one.key}`) },
          { id: 'values', head: 'Values', align: 'right', cell: (one) => formatCount(one.values) },
          ...importanceColumns(shown, 700),
          {
            id: 'correlation',
            head: 'Rank correlation',
            align: 'right',
            from: 600,
            cell: (one) => <Value value={one.correlation} decimals={2} />,
          },
        ]}
      />
    </Section>
  )
}

function Best({ found }: { readonly found: Explanation }) {
  const { top, shared, runs } = found.best
  if (top.length === 0) return null
  const columns: Column<SharedTrait>[] = [
    { id: 'key', head: 'Factor', cell: (one) => (one.kind === 'param' ? one.key : `${one.kind}: ${one.key}`) },
    {
      id: 'best',
      head: 'Among the best',
      cell: (one) => `${one.best}${one.shareOfBest === null ? '' : `, ${formatShare(one.shareOfBest, 0)} of them`}`,
    },
    {
      id: 'rest',
      head: 'Among the rest',
      cell: (one) => (one.shareOfRest === null ? one.rest : `${formatShare(one.shareOfRest, 0)} of them`),
    },
    { id: 'p', head: 'p, corrected', align: 'right', cell: (one) => formatP(one.p) },
  ]
  return (
    <Section
      title="What the best share"
      note={runs === 0 ? undefined : `the best ${formatPlural(runs, 'run')} beside the others`}
      end={
        <span className="row tight sm">
          <span className="t3">best:</span>
          {top.slice(0, 3).map((one) => (
            <EntityLink key={one.id} kind="run" name={one.name} id={one.id} look="name">
              {one.name} {formatValue(one.value)}
            </EntityLink>
          ))}
        </span>
      }
    >
      {shared.length === 0 ? (
        <p className="t2">
          {runs === 0
            ? 'Too few runs to say what the best share.'
            : 'Nothing that was recorded sets the best apart from the others beyond chance.'}
        </p>
      ) : (
        <DataTable
          label="What the best share"
          density="compact"
          keys={false}
          rows={shared}
          rowKey={(one) => `${one.kind} ${one.key}`}
          columns={columns}
        />
      )}
    </Section>
  )
}

function Repeats({ found }: { readonly found: Explanation }) {
  const { groups, configurations, redundantRuns } = found.repeats
  return (
    <Section
      title="Repeats"
      note={`${formatPlural(configurations, 'configuration')}; ${formatPlural(redundantRuns, 'run')} with the same seed as another, or none: they add no evidence`}
    >
      {groups.length === 0 ? (
        <p className="t2">No configuration was run twice, so nothing says how much is chance.</p>
      ) : (
        <DataTable
          label="Configurations that were run more than once"
          density="compact"
          keys={false}
          rows={groups.slice(0, 20)}
          rowKey={(one) => one.key}
          columns={[
            {
              id: 'runs',
              head: 'Runs',
              cell: (one) => (
                <span className="row tight">
                  {one.runs.slice(0, 3).map((run) => (
                    <EntityLink key={run.id} kind="run" name={run.name} id={run.id} look="name" />
                  ))}
                  {one.count > 3 && <span className="t3">and {one.count - 3} more</span>}
                </span>
              ),
            },
            { id: 'redundant', head: 'Redundant', align: 'right', cell: (one) => formatCount(one.redundant) },
            {
              id: 'mean',
              head: found.metric,
              align: 'right',
              cell: (one) => (
                <span className="nowrap">
                  <Value value={one.mean} />{' '}
                  <span className="ci">
                    {one.sd === null ? `n = ${one.n}` : `sd ${formatValue(one.sd)}, n = ${one.n}`}
                  </span>
                </span>
              ),
            },
          ]}
        />
      )}
    </Section>
  )
}

function Front({ found }: { readonly found: Explanation }) {
  const { runs, dominated } = found.front
  if (runs.length === 0) return null
  return (
    <Section
      title="Nothing beats these in both"
      note={`${found.metric} and time; ${formatPlural(dominated, 'run')} ${dominated === 1 ? 'is' : 'are'} slower and no better than one of them`}
    >
      <DataTable
        label="Runs that nothing beats in value and time"
        density="compact"
        keys={false}
        rows={runs}
        rowKey={(one) => one.id}
        columns={[
          { id: 'run', head: 'Run', cell: (one) => <EntityLink kind="run" name={one.name} id={one.id} look="name" /> },
          { id: 'value', head: found.metric, align: 'right', cell: (one) => <Value value={one.value} /> },
          { id: 'took', head: 'Took', align: 'right', cell: (one) => <Value value={one.tookMs} form="duration" /> },
        ]}
      />
    </Section>
  )
}
