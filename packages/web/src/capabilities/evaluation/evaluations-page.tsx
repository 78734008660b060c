import { type EvaluationSummary, listEvaluations } from '@trivium/contract'
import { Forest, forestDomain } from '../../charts/forest.tsx'
import { useContractPages } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty, NoMatch } from '../../ui/page-states.tsx'
import { Time } from '../../ui/time.tsx'
import { Interval, Value } from '../../ui/value.tsx'
import { measureWord } from '../monitoring/measure-words.ts'
import { EvaluatedModelLink, evaluatedName } from './evaluated-model.tsx'
import { ComparisonVerdictView } from './comparison-verdict.tsx'

const shape = { dataset: text(), model: text() }

/** Models scored on named dataset versions, newest first. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const query = useContractPages(listEvaluations, {
    params: { project },
    query: {
      limit: 100,
      ...(view.dataset === '' ? {} : { dataset: view.dataset }),
      ...(view.model === '' ? {} : { model: view.model }),
    },
  })
  const all = query.data?.pages.flatMap((page) => page.evaluations) ?? []
  return (
    <>
      <PageHeader
        title="Evaluation"
        note={query.data && `${formatPlural(all.length, 'evaluation')}${query.hasNextPage ? ', more exist' : ''}`}
      />
      <QueryView query={query} what="the evaluations" permission="evaluation:read">
        {() =>
          all.length === 0 ? (
            view.dataset !== '' || view.model !== '' ? (
              <NoMatch
                what="evaluations"
                filter={[view.dataset, view.model].filter(Boolean).join(', ')}
                onClear={() => setView({ dataset: '', model: '' })}
              />
            ) : (
              <Empty
                title="No evaluation yet"
                steps={[
                  {
                    title: 'Add a step of kind evaluate to a pipeline, and start it',
                    command: `trivium run pipeline.yaml --wait --project ${project}`,
                    waiting: true,
                  },
                ]}
              >
                Each evaluation scores a model on a dataset version and compares it with the champion on the same rows,
                with intervals.
              </Empty>
            )
          ) : (
            <EvaluationsTable
              project={project}
              evaluations={all}
              more={
                query.hasNextPage && (
                  <Button look="link" pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    Show older evaluations
                  </Button>
                )
              }
            />
          )
        }
      </QueryView>
    </>
  )
}

function EvaluationsTable({
  project,
  evaluations,
  more,
}: {
  readonly project: string
  readonly evaluations: readonly EvaluationSummary[]
  readonly more: React.ReactNode
}) {
  const differences = evaluations.flatMap((one) => (one.comparison?.difference ? [one.comparison.difference] : []))
  const domain = forestDomain(differences, 0)
  const href = (one: EvaluationSummary) => entityUrl({ kind: 'evaluation', name: one.id, id: one.id }, project)
  return (
    <DataTable
      label="Evaluations"
      rows={evaluations}
      rowKey={(one) => one.id}
      rowHref={href}
      foot={more}
      columns={[
        {
          id: 'model',
          head: 'Evaluation of',
          sticky: true,
          cell: (one) => (
            <AppLink className="ch ch-bare" data-strong href={href(one)}>
              <span className="ch-name">{evaluatedName(one.model)}</span>
            </AppLink>
          ),
        },
        {
          id: 'data',
          head: 'On',
          cell: (one) => (
            <EntityLink kind="dataset" name={one.dataset.name} version={one.dataset.version} look="bare" />
          ),
        },
        { id: 'rows', head: 'Rows', align: 'right', cell: (one) => <Value value={one.rows} form="count" /> },
        {
          id: 'metric',
          head: 'Result, 95 %',
          align: 'right',
          cell: (one) => {
            const metric = one.metrics.find((each) => each.metric === one.comparison?.metric) ?? one.metrics[0]
            return metric ? (
              <>
                <span className="t3">{measureWord(metric.metric)} </span>
                <Interval value={metric.value} low={metric.low} high={metric.high} />
              </>
            ) : (
              <span className="t3">–</span>
            )
          },
        },
        {
          id: 'champion',
          head: 'Against',
          cell: (one) =>
            one.champion ? <EvaluatedModelLink model={one.champion} /> : <span className="t3">no champion</span>,
        },
        {
          id: 'difference',
          head: 'Difference',
          cell: (one) =>
            one.comparison?.difference ? (
              <Forest
                value={one.comparison.difference.value}
                low={one.comparison.difference.low}
                high={one.comparison.difference.high}
                domain={domain}
                reference={0}
                width={120}
              />
            ) : (
              <span className="t3">–</span>
            ),
        },
        {
          id: 'verdict',
          head: 'Found',
          cell: (one) =>
            one.comparison ? <ComparisonVerdictView verdict={one.comparison.verdict} /> : <span className="t3">–</span>,
        },
        { id: 'by', head: 'By', cell: (one) => <span className="t2">{one.createdByName}</span> },
        { id: 'when', head: 'When', align: 'right', cell: (one) => <Time at={one.createdAt} show="age" /> },
      ]}
    />
  )
}
