import { type Import, listImports } from '@trivium/contract'
import { useState } from 'react'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { Button } from '../../ui/button.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { ImportReportView } from './import-report.tsx'

/** What was brought from other trackers, whether both sides are the same, and what could not be taken. */
export function ImportsPanel({ project }: { readonly project: string }) {
  const query = useContractQuery(listImports, { params: { project }, query: { limit: 100 } })
  const [chosen, setChosen] = useState<string>()
  return (
    <QueryView query={query} what="the imports" permission="run:read">
      {({ imports }) => {
        const shown = imports.find(({ id }) => id === chosen) ?? imports.find(({ report }) => report !== null)
        return (
          <>
            <Section title="Imports" note="from MLflow, TensorBoard and Weights & Biases">
              {imports.length === 0 ? (
                <>
                  <p className="t2">Nothing was brought from another tracker yet.</p>
                  <CommandBox command="npx trivium import mlflow http://mlflow.example.com" />
                </>
              ) : (
                <DataTable
                  label="Imports"
                  rows={imports}
                  rowKey={(one) => one.id}
                  columns={[
                    {
                      id: 'source',
                      head: 'From',
                      cut: true,
                      cell: (one) => <span title={one.source}>{one.source}</span>,
                    },
                    { id: 'state', head: 'State', cell: (one) => <ImportState one={one} /> },
                    {
                      id: 'experiments',
                      head: 'Experiments',
                      cell: (one) => <ImportedExperiments project={project} one={one} />,
                    },
                    { id: 'runs', head: 'Runs', align: 'right', cell: (one) => one.runs },
                    { id: 'last', head: 'Last', align: 'right', cell: (one) => <Time at={one.lastAt} show="age" /> },
                    {
                      id: 'act',
                      head: '',
                      align: 'right',
                      cell: (one) =>
                        one.report && (
                          <Button size="small" look="quiet" onClick={() => setChosen(one.id)}>
                            Report
                          </Button>
                        ),
                    },
                  ]}
                />
              )}
            </Section>
            {shown?.report && <ImportReportView project={project} source={shown.source} report={shown.report} />}
          </>
        )
      }}
    </QueryView>
  )
}

function ImportState({ one }: { readonly one: Import }) {
  const { report } = one
  if (report === null) return <State kind="run">not finished</State>
  if (!report.verified) return <State kind="bad">differs</State>
  const left = report.skipped.length + report.moreSkipped
  return left === 0 ? (
    <State kind="ok">the same on both sides</State>
  ) : (
    <State kind="warn">the same, {formatPlural(left, 'thing')} left out</State>
  )
}

const mostShown = 5

function ImportedExperiments({ project, one }: { readonly project: string; readonly one: Import }) {
  const more = one.experiments.length - mostShown
  return (
    <div className="sentence-cell">
      {one.experiments.slice(0, mostShown).map(({ id, name }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <AppLink className="link" href={`/p/${encodeURIComponent(project)}/experiments/${encodeURIComponent(name)}`}>
            {name}
          </AppLink>
        </span>
      ))}
      {more > 0 && ` and ${more} more`}
    </div>
  )
}
