import { type Baseline, listBaselines } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { State } from '../../ui/state.tsx'
import { formatValue } from '../../ui/value.tsx'
import { BaselineForm } from './baseline-form.tsx'
import { baselineHref, datasetWords, spreadWords } from './baseline-words.ts'

interface BaselinesViewProps {
  readonly project: string
  readonly experiment: string
}

/** The published baselines of an experiment, and the form that adds one. */
export function BaselinesView({ project, experiment }: BaselinesViewProps) {
  const query = useContractQuery(listBaselines, { params: { project, experiment }, query: { retired: true } })
  return (
    <>
      <QueryView query={query} what="the baselines" permission="run:read">
        {({ baselines }) =>
          baselines.length === 0 ? (
            <p className="t2 mt-16">
              No published result is stored. Store the state of the art with its exact protocol, and every comparison
              shows it.
            </p>
          ) : (
            <DataTable
              label="Published baselines"
              rows={baselines}
              rowKey={(one) => one.id}
              rowHref={(one) => baselineHref(project, one.id)}
              columns={[
                {
                  id: 'name',
                  head: 'Baseline',
                  cell: (one: Baseline) => (
                    <span className="row">
                      <AppLink className="link b" href={baselineHref(project, one.id)}>
                        {one.name}
                      </AppLink>
                      {one.retiredAt !== null && <State kind="idle">retired</State>}
                    </span>
                  ),
                },
                { id: 'metric', head: 'Metric', cell: (one) => <span className="mono">{one.metric}</span> },
                {
                  id: 'value',
                  head: 'Published',
                  align: 'right',
                  cell: (one) => (
                    <span className="nowrap">
                      {formatValue(one.value)} <span className="t3 sm">{spreadWords(one.spread)}</span>
                    </span>
                  ),
                },
                { id: 'data', head: 'Measured on', cell: (one) => `${datasetWords(one)}, ${one.split || 'all of it'}` },
                {
                  id: 'source',
                  head: 'Source',
                  cell: (one) => (
                    <span className="t2">
                      {one.source.title}
                      {one.source.published !== '' && `, ${one.source.published}`}
                    </span>
                  ),
                },
                { id: 'runs', head: 'Reproductions', align: 'right', cell: (one) => one.reproductions },
              ]}
            />
          )
        }
      </QueryView>
      <BaselineForm project={project} experiment={experiment} />
    </>
  )
}
