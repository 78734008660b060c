import {
  emptyTrash,
  listExperiments,
  listTrash,
  restoreExperiment,
  restoreRun,
  type TrashedExperiment,
  type TrashedRun,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'

/** What is to be removed for good, and what goes with it. */
interface Loss {
  readonly title: string
  readonly action: string
  readonly body: { readonly experiments?: string[]; readonly runs?: string[]; readonly all?: boolean }
}

const invalidates = [listTrash, listExperiments]

/** Deleted experiments and runs: when they go for good, what keeps them, and the way back. */
export function TrashView({ project }: { readonly project: string }) {
  const query = useContractQuery(listTrash, { params: { project }, query: { limit: 500 } }, { refetchInterval: 10_000 })
  const [loss, setLoss] = useState<Loss>()
  const remove = useContractMutation(emptyTrash, { invalidates, onDone: () => setLoss(undefined) })
  const backExperiment = useContractMutation(restoreExperiment, { invalidates })
  const backRun = useContractMutation(restoreRun, { invalidates })
  const error = backExperiment.error ?? backRun.error
  const ask = (next: Loss): void => {
    remove.reset()
    setLoss(next)
  }
  return (
    <QueryView query={query} what="the trash" permission="run:read">
      {({ keptDays, experiments, runs, nextPageToken }) => {
        const free = [...experiments, ...runs].filter((one) => one.heldBy === null)
        return (
          <>
            <div className="row mt-12">
              <span className="t2">
                {keptDays === 0
                  ? 'What is deleted stays here until somebody removes it.'
                  : `What is deleted stays here for ${formatPlural(keptDays, 'day')}; then it is removed for good, with its metrics and files.`}
              </span>
              {free.length > 0 && (
                <Button
                  size="small"
                  onClick={() => ask({ title: 'Empty the trash?', action: 'Remove everything', body: { all: true } })}
                >
                  Empty the trash
                </Button>
              )}
            </div>
            {error && <State kind="bad">{error.detail}</State>}
            {experiments.length + runs.length === 0 && <p className="t2 mt-16">The trash is empty.</p>}
            {experiments.length > 0 && (
              <Section title="Experiments" note="with all their runs">
                <DataTable
                  label="Deleted experiments"
                  rows={experiments}
                  rowKey={(one) => one.id}
                  columns={[
                    {
                      id: 'name',
                      head: 'Experiment',
                      cell: (one: TrashedExperiment) => (
                        <EntityLink kind="experiment" name={one.name} look="name" strong />
                      ),
                    },
                    {
                      id: 'runs',
                      head: 'Runs',
                      align: 'right',
                      cell: (one) => <Value value={one.runs} form="count" />,
                    },
                    ...fateColumns<TrashedExperiment>(),
                    {
                      id: 'act',
                      head: '',
                      align: 'right',
                      cell: (one) =>
                        one.removing ? (
                          <State kind="run">being removed</State>
                        ) : (
                          <Actions
                            name={one.name}
                            held={one.heldBy !== null || one.id === '0'}
                            onRestore={() => backExperiment.mutate({ params: { project, experiment: one.id } })}
                            onRemove={() =>
                              ask({
                                title: `Remove ${one.name} for good?`,
                                action: `Remove ${formatPlural(one.runs, 'run')}`,
                                body: { experiments: [one.id] },
                              })
                            }
                          />
                        ),
                    },
                  ]}
                />
              </Section>
            )}
            {runs.length > 0 && (
              <Section
                title="Runs"
                note={nextPageToken === null ? undefined : `the last ${runs.length} that were deleted`}
              >
                <DataTable
                  label="Deleted runs"
                  rows={runs}
                  rowKey={(one) => one.id}
                  columns={[
                    {
                      id: 'name',
                      head: 'Run',
                      cell: (one: TrashedRun) => (
                        <EntityLink kind="run" name={one.name} id={one.id} look="name" strong />
                      ),
                    },
                    {
                      id: 'experiment',
                      head: 'Experiment',
                      cell: (one) => <EntityLink kind="experiment" name={one.experiment} look="name" />,
                    },
                    {
                      id: 'bytes',
                      head: 'Files',
                      align: 'right',
                      cell: (one) => <Value value={one.files === 0 ? null : one.bytes} form="bytes" />,
                    },
                    ...fateColumns<TrashedRun>(),
                    {
                      id: 'act',
                      head: '',
                      align: 'right',
                      cell: (one) => (
                        <Actions
                          name={one.name}
                          held={one.heldBy !== null}
                          onRestore={() => backRun.mutate({ params: { project, run: one.id } })}
                          onRemove={() =>
                            ask({
                              title: `Remove ${one.name} for good?`,
                              action: 'Remove the run',
                              body: { runs: [one.id] },
                            })
                          }
                        />
                      ),
                    },
                  ]}
                />
              </Section>
            )}
            <ConfirmLoss
              opened={loss !== undefined}
              onClose={() => setLoss(undefined)}
              title={loss?.title ?? ''}
              action={loss?.action ?? ''}
              pending={remove.isPending}
              error={remove.error?.detail}
              onConfirm={() => loss && remove.mutate({ params: { project }, body: loss.body })}
            >
              Metrics, parameters, files and logged models go with it, and nobody can bring them back. What lineage and
              the audit log say of it stays.
            </ConfirmLoss>
          </>
        )
      }}
    </QueryView>
  )
}

/** Since when it is here, and what becomes of it. */
function fateColumns<T extends TrashedExperiment | TrashedRun>(): Column<T>[] {
  return [
    { id: 'deleted', head: 'Deleted', align: 'right', cell: (one) => <Time at={one.deletedAt} show="age" /> },
    {
      id: 'goes',
      head: 'Goes',
      cell: (one) => {
        const holder = one.heldBy === null ? undefined : parseUrn(one.heldBy)
        if (holder)
          return (
            <span className="row tight">
              <span className="t2">stays, for</span> <EntityLink {...holder} />
            </span>
          )
        return one.removedAt === null ? <span className="t3">when removed</span> : <Time at={one.removedAt} />
      },
    },
  ]
}

function Actions({
  name,
  held,
  onRestore,
  onRemove,
}: {
  readonly name: string
  readonly held: boolean
  readonly onRestore: () => void
  readonly onRemove: () => void
}) {
  return (
    <span className="row tight">
      <Button size="small" look="quiet" aria-label={`Restore ${name}`} onClick={onRestore}>
        Restore
      </Button>
      {!held && (
        <Button size="small" look="quiet" aria-label={`Remove ${name} for good`} onClick={onRemove}>
          Remove
        </Button>
      )}
    </span>
  )
}
