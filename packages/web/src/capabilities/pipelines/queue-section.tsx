import { listPipelineQueue } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** What runs and what waits for a slot, the next one first; nothing while nobody has to wait. */
export function QueueSection({ project }: { readonly project: string }) {
  const queue = useContractQuery(listPipelineQueue, { params: { project } })
  if (!queue.data?.steps.some((step) => step.state === 'queued')) return null
  return (
    <Section title="Queue" note={`${queue.data.slots} steps run at once; the next one first`}>
      <DataTable
        label="Queue"
        keys={false}
        rows={queue.data.steps}
        rowKey={(one) => `${one.run}/${one.step}`}
        columns={[
          {
            id: 'place',
            head: 'Place',
            cell: (one) =>
              one.position === 0 ? <State kind="run">runs</State> : <span className="m">{one.position}</span>,
          },
          {
            id: 'pipeline',
            head: 'Pipeline',
            cell: (one) => <EntityLink kind="pipeline" name={one.pipeline} look="bare" />,
          },
          { id: 'step', head: 'Step', cell: (one) => <span className="m">{one.step}</span> },
          { id: 'why', head: 'Because', cut: true, cell: (one) => <span className="t2">{one.cause.summary}</span> },
          { id: 'priority', head: 'Priority', align: 'right', cell: (one) => one.priority },
          {
            id: 'since',
            head: 'Since',
            align: 'right',
            cell: (one) => (one.queuedAt === null ? '' : <Time at={one.queuedAt} show="age" />),
          },
        ]}
      />
    </Section>
  )
}
