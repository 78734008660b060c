import {
  getModel,
  getModelRetraining,
  listModelVersions,
  type RegisteredModel,
  setModelPolicy,
} from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Duration } from '../../ui/duration.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** When the model is retrained, how old it is, how the last retraining ended, and whether it is productive. */
export function RetrainingSection({ project, model }: { readonly project: string; readonly model: RegisteredModel }) {
  const params = { project, model: model.name }
  const retraining = useContractQuery(getModelRetraining, { params })
  const policy = useContractMutation(setModelPolicy, { invalidates: [getModel, getModelRetraining, listModelVersions] })
  return (
    <Section
      title="Retraining"
      note={model.policy.productive ? 'productive: it needs criteria' : 'not marked as productive'}
      end={
        <Button
          pending={policy.isPending}
          onClick={() => policy.mutate({ params, body: { productive: !model.policy.productive } })}
        >
          {model.policy.productive ? 'Not productive' : 'Mark as productive'}
        </Button>
      }
    >
      {policy.error && <State kind="bad">{policy.error.detail}</State>}
      <QueryView query={retraining} what="when it is retrained">
        {(data) => (
          <>
            {data.warnings.map((warning) => (
              <p key={warning}>
                <State kind="warn">attention</State> {warning}
              </p>
            ))}
            <Facts
              facts={[
                data.ageMs !== null && {
                  label: `Age of v${data.version}`,
                  value: <Duration ms={data.ageMs} />,
                },
                data.lastOutcome !== null && {
                  label: 'Last retraining',
                  value: (
                    <>
                      {data.lastOutcome.state} <Time at={data.lastOutcome.finishedAt} show="age" /> ago
                    </>
                  ),
                },
                data.stated !== null && { label: 'Retrained when', value: data.stated },
              ]}
            />
            {data.triggers.length === 0 ? (
              <p className="t2">No trigger of a pipeline retrains it.</p>
            ) : (
              <DataTable
                label="What retrains it"
                keys={false}
                rows={data.triggers}
                rowKey={(one) => `${one.pipeline}/${one.name}`}
                columns={[
                  {
                    id: 'pipeline',
                    head: 'Pipeline',
                    cell: (one) => <EntityLink kind="pipeline" name={one.pipeline} look="bare" />,
                  },
                  {
                    id: 'trigger',
                    head: 'Trigger',
                    cell: (one) => (
                      <span className="m">
                        {one.name}
                        {one.on ? ` on ${one.on.events.join(' or ')}` : ''}
                      </span>
                    ),
                  },
                  {
                    id: 'every',
                    head: 'Between two',
                    align: 'right',
                    cell: (one) => (one.cadence.backToBack ? 'back to back' : <Duration ms={one.cadence.everyMs} />),
                  },
                  {
                    id: 'takes',
                    head: 'A run takes',
                    align: 'right',
                    cell: (one) => <Duration ms={one.cadence.longestMs} />,
                  },
                  { id: 'last', head: 'Last run', cell: (one) => one.cadence.lastRun?.state ?? 'never ran' },
                  { id: 'next', head: 'Next', align: 'right', cell: (one) => <Time at={one.nextDue} clock="event" /> },
                ]}
              />
            )}
          </>
        )}
      </QueryView>
    </Section>
  )
}
